import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { Reader } from './reader.ts';

/** Reads the JSON list of the file that a variable names; empty when it is unset. Problems go to the reader, one line each. */
export function readListFile<Schema extends z.ZodType<readonly unknown[]>>(
  reader: Reader,
  variable: string,
  schema: Schema,
): z.output<Schema> | readonly [] {
  const file = reader.text(variable);
  if (file === null) return [];
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is no JSON' : 'cannot be read';
    reader.problems.push(`${variable}: ${file} ${why}`);
    return [];
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    reader.problems.push(`${variable}: ${entryPlace(path)} in ${file}: ${message}`);
  }
  return [];
}

/** Where in a list something stands, in words: `entry 2, usd`. */
export function entryPlace(path: readonly PropertyKey[]): string {
  const [index, ...field] = path.map(String);
  if (index === undefined) return 'the list';
  return [`entry ${Number(index) + 1}`, ...field].join(', ');
}
