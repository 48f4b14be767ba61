/** What JSON.parse tells its reviver of a primitive. Source: TC39 proposal json-parse-with-source, in Node since 21. */
interface ReviverContext {
  readonly source?: string;
}
type Reviver = (this: unknown, key: string, value: unknown, context: ReviverContext) => unknown;
interface SourceJson {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

// TypeScript's library has no declaration of these yet.
const sourceJson = JSON as unknown as SourceJson;

/** The value of a number out of parseExactJson, also of one that kept its spelling; null when it is no finite number. */
export function exactNumber(value: unknown): number | null {
  const number = typeof value === 'object' ? Number(rawSource(value)) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function rawSource(value: object | null): unknown {
  if (value === null || !sourceJson.isRawJSON(value)) return undefined;
  return (value as { rawJSON: unknown }).rawJSON; // what isRawJSON promises
}

/**
 * Parses JSON so that JSON.stringify writes every number as it stood: `1.0`, `-0` and 20-digit integers survive.
 *
 * Such numbers are opaque objects meanwhile; do not calculate with the result. Throws SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  return sourceJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && JSON.stringify(value) !== source
      ? sourceJson.rawJSON(source)
      : value,
  );
}
