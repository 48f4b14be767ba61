/** A field of a table; null = empty. */
export type CsvField = string | number | boolean | null;

const SPECIAL = /[",\r\n]/;

/** One record with its line end, as RFC 4180 has it. */
export function csvRecord(fields: readonly CsvField[]): string {
  return `${fields.map((field) => quoted(String(field ?? ''))).join(',')}\r\n`;
}

function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
