import { createHash } from 'node:crypto';
import { accountsOf } from '../config/accounts.ts';
import type { ProviderSettings } from '../config/config.ts';
import type { AccountSeen } from '../schemas/observation.ts';
import type { Provider } from './provider.ts';
import { createProvider, type ProviderContext } from './registry.ts';

const FINGERPRINT_HEX_DIGITS = 16;

/** The accounts of one provider in a worker: one provider object each, one at least. */
export interface Accounts {
  readonly providerId: ProviderSettings['id'];
  /** The one that is named; null and names that are not known mean the first. */
  named(account: string | null): Provider;
  /** What routers are told of them. */
  readonly seen: readonly AccountSeen[];
}

/** Makes the providers of all accounts; no I/O. */
export function createAccounts(settings: ProviderSettings, context: ProviderContext): Accounts {
  const all = accountsOf(settings);
  const providers = new Map(all.map((each) => [each.account, createProvider(each, context)]));
  const [first] = providers.values();
  if (first === undefined) throw new Error(`provider ${settings.id} has no account`);
  return {
    providerId: settings.id,
    named: (account) => (account === null ? undefined : providers.get(account)) ?? first,
    seen: all.map((each) => ({
      kind: 'account',
      provider: each.id,
      account: each.account,
      fingerprint: fingerprintOf(each),
    })),
  };
}

// What a failure for want of credentials, credit or rights was about: with another one it is worth a try.
function fingerprintOf({
  apiKey,
  credentialsFile,
  baseUrl,
  projectId,
  region,
}: ProviderSettings): string {
  const parts = [apiKey, credentialsFile ?? null, baseUrl, projectId, region];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return digest.slice(0, FINGERPRINT_HEX_DIGITS);
}
