import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountSettings, ProviderSettings } from '../../config/config.ts';
import { createAccounts } from '../../workers/accounts.ts';
import { PROVIDER_CONTEXT, workOf } from './support/attempt.ts';
import { WHOLE_BODY } from './support/attempt-against.ts';

const FIRST: ProviderSettings = {
  id: 'openrouter',
  isEnabled: true,
  offReason: null,
  account: 'OPENROUTER_API_KEY',
  baseUrl: 'http://127.0.0.1:9',
  apiKey: 'sk-1',
  projectId: null,
  region: null,
};

function accounts(moreAccounts: readonly AccountSettings[] = [], first = FIRST) {
  return createAccounts({ ...first, moreAccounts }, PROVIDER_CONTEXT);
}

const SECOND = { account: 'OPENROUTER_API_KEY_2', apiKey: 'sk-2' };

test('each account pays with its own credential; who is not known is the first', async () => {
  const both = accounts([SECOND]);
  const { signal } = new AbortController();
  const paidBy = async (name: string | null) => {
    const provider = both.named(name);
    const { headers } = await provider.request(workOf(WHOLE_BODY), signal);
    return [provider.account, headers.find(([header]) => header === 'authorization')?.[1]];
  };
  assert.deepEqual(await paidBy(null), ['OPENROUTER_API_KEY', 'Bearer sk-1']);
  assert.deepEqual(await paidBy('OPENROUTER_API_KEY_2'), ['OPENROUTER_API_KEY_2', 'Bearer sk-2']);
  assert.deepEqual(await paidBy('gone'), ['OPENROUTER_API_KEY', 'Bearer sk-1']);
});

test('routers are told each account with a fingerprint that changes with what it stands for', () => {
  const { seen } = accounts([SECOND]);
  assert.deepEqual(
    seen.map(({ kind, provider, account }) => [kind, provider, account]),
    [
      ['account', 'openrouter', 'OPENROUTER_API_KEY'],
      ['account', 'openrouter', 'OPENROUTER_API_KEY_2'],
    ],
  );
  const fingerprint = (change: Partial<ProviderSettings> = {}) =>
    accounts([], { ...FIRST, ...change }).seen[0]?.fingerprint;
  assert.match(fingerprint() ?? '', /^[\da-f]{16}$/);
  assert.equal(fingerprint(), seen[0]?.fingerprint);
  const others = [
    fingerprint({ apiKey: 'sk-2' }),
    fingerprint({ baseUrl: 'http://127.0.0.1:8' }),
    fingerprint({ projectId: 'p' }),
    seen[1]?.fingerprint,
  ];
  assert.equal(new Set([fingerprint(), ...others]).size, 4);
});
