/** A reader of RFC 4180 for tests: every record ends with CRLF. Throws on what is not quoted as it must be. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  let fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    const plain = /^[^",\r\n]*/.exec(text.slice(at));
    const raw = quoted?.[0] ?? plain?.[0] ?? '';
    fields.push(quoted?.[1]?.replaceAll('""', '"') ?? raw);
    at += raw.length;
    if (text[at] === ',') at += 1;
    else if (text.startsWith('\r\n', at)) {
      records.push(fields);
      fields = [];
      at += 2;
    } else throw new Error(`no separator at ${at}`);
  }
  if (fields.length > 0) throw new Error('the last record does not end');
  return records;
}
