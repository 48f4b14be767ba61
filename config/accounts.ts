import type { AccountSettings, ProviderSettings } from './config.ts';
import type { Reader } from './reader.ts';
import { numberedNames } from './variables.ts';

/** A key and the variable that it came from. */
export interface NamedKey {
  readonly account: string;
  readonly apiKey: string;
}

/** The settings of each account of a provider, one at least, in the order of their numbers. */
export function accountsOf(settings: ProviderSettings): readonly ProviderSettings[] {
  const { moreAccounts = [], ...first } = settings;
  return [first, ...moreAccounts.map((account) => ({ ...first, ...account }))];
}

/** The same settings with these accounts; without any they stay as they are. */
export function withAccounts(
  settings: ProviderSettings,
  accounts: readonly AccountSettings[],
): ProviderSettings {
  const [first, ...others] = accounts;
  if (first === undefined) return settings;
  return { ...settings, ...first, ...(others.length === 0 ? {} : { moreAccounts: others }) };
}

/** The keys of `variable`, `<variable>_2` and so on, as far as they are set. A key that is there twice is a problem. */
export function readKeys(reader: Reader, variable: string): readonly NamedKey[] {
  const keys = numberedNames(variable).flatMap((account) => {
    const apiKey = reader.credential(account);
    return apiKey === null ? [] : [{ account, apiKey }];
  });
  for (const [index, { account, apiKey }] of keys.entries()) {
    const same = keys.slice(0, index).find((other) => other.apiKey === apiKey);
    if (same === undefined) continue;
    reader.problems.push(`${account} is the same key as ${same.account}: keep one`);
  }
  return keys;
}
