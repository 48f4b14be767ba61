import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStorm } from '../../bench/storm/storm.ts';
import type { ProviderId } from '../../schemas/provider.ts';
import { startTestGateway } from '../support/gateway.ts';

const PROVIDERS: readonly ProviderId[] = [
  'anthropic',
  'vertex-claude',
  'openrouter',
  'vertex-gemini',
];
const SEED = 4;

test('while one provider is well, no client sees an error', async (t) => {
  await using gateway = await startTestGateway({
    environment: { PROVIDER_CHAIN: PROVIDERS.join(',') },
  });
  const { errors, attempts, changes } = await runStorm({
    origin: gateway.url(),
    control: gateway.sandbox.control,
    providers: PROVIDERS,
    // The chain's last: requests meet the others first.
    healthy: 'vertex-gemini',
    requests: 600,
    warmRequests: 0,
    concurrency: 64,
    seed: SEED,
    answerMs: 40,
    changeMs: 150,
    timeoutSeconds: 10,
  });
  t.diagnostic(
    `seed ${SEED}: ${changes.map(({ provider, fault }) => `${provider} ${fault?.name ?? 'well'}`).join(', ')}`,
  );
  assert.deepEqual(errors, []);
  assert.equal(attempts.length, 600);
  assert.ok(
    attempts.some((each) => each > 1),
    'some requests met a fault',
  );
});
