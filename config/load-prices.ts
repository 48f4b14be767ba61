import { readFileSync } from 'node:fs';
import type { ProviderTable } from './config.ts';
import { type PriceEntry, safeParsePriceEntries } from './prices/price-entry.ts';
import { PUBLISHED_LIST_URL } from './prices/refresh/published-list.ts';
import type { PriceRefreshSettings } from './prices/refresh/start.ts';
import type { Reader } from './reader.ts';

const FILE_VARIABLE = 'PRICES_FILE';

/** What the operator's configuration says about prices: the options of `createPriceList`. Plain data. */
export interface PriceSettings {
  /** Entries of the file that PRICES_FILE names. */
  readonly userOverlay: readonly PriceEntry[];
  /** Region of the Vertex providers. */
  readonly region: string | null;
  /** Base URLs by provider. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Null = prices are those that ship. */
  readonly refresh: PriceRefreshSettings | null;
}

/** Reads the operator's prices. Problems go to the reader, one line each, naming entry and field. */
export function loadPrices(reader: Reader, table: ProviderTable): PriceSettings {
  const file = reader.text(FILE_VARIABLE);
  return {
    userOverlay: file === null ? [] : loadEntries(reader, file),
    region: table['vertex-claude'].region,
    addresses: Object.fromEntries(Object.values(table).map(({ id, baseUrl }) => [id, baseUrl])),
    refresh: loadRefresh(reader),
  };
}

function loadRefresh(reader: Reader): PriceRefreshSettings | null {
  const howOften = reader.choice('PRICES_REFRESH', ['off', 'daily'], 'off');
  const url = reader.url('PRICES_REFRESH_URL', PUBLISHED_LIST_URL, { hasPath: true });
  return howOften === 'off' ? null : { url };
}

function loadEntries(reader: Reader, file: string): readonly PriceEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is no JSON' : 'cannot be read';
    reader.problems.push(`${FILE_VARIABLE}: ${file} ${why}`);
    return [];
  }
  const parsed = safeParsePriceEntries(json);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    reader.problems.push(`${FILE_VARIABLE}: ${placeOf(path)} in ${file}: ${message}`);
  }
  return [];
}

function placeOf(path: readonly PropertyKey[]): string {
  const [index, ...field] = path.map(String);
  if (index === undefined) return 'the list';
  return [`entry ${Number(index) + 1}`, ...field].join(', ');
}
