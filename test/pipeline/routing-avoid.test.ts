import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BehaviourInput } from '../../sandbox/behaviour.ts';
import { messagesBody, post, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { eventually } from '../support/latch.ts';

const FAULTS: Readonly<Record<string, BehaviourInput>> = {
  '429': { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } },
  '529': { fault: { kind: 'status', status: 529 } },
  '500': { fault: { kind: 'status', status: 500 } },
  stall: { fault: { kind: 'stall', at: 'before-headers' } },
  reset: { fault: { kind: 'reset' } },
};
/** A stall is over after half of three seconds. */
const IMPATIENT = { 'x-stainless-timeout': '4' };

async function ask(gateway: TestGateway) {
  const answer = await post(`${gateway.url()}/v1/messages`, messagesBody(), IMPATIENT);
  assert.equal(answer.status, 200, answer.text);
  return {
    provider: answer.headers.get('x-gateway-provider'),
    attempts: answer.headers.get('x-gateway-attempts'),
  };
}

for (const [name, behaviour] of Object.entries(FAULTS)) {
  describe(name, () => {
    it('is avoided by the next request, and comes back when it is over', async () => {
      // By price the provider that failed is still the first choice: only what its failure taught keeps it out.
      await using gateway = await startTestGateway({
        environment: { DEFAULT_ROUTING_STRATEGY: 'cost' },
      });
      const { control } = gateway.sandbox;
      assert.equal((await ask(gateway)).provider, 'anthropic');

      control.setBehaviour('anthropic', behaviour);
      const met = await ask(gateway);
      assert.notEqual(met.provider, 'anthropic');
      assert.equal(met.attempts, '2');
      const seen = control.requests.length;
      const next = await ask(gateway);
      assert.equal(next.attempts, '1');
      assert.deepEqual(
        control.requests.slice(seen).map(({ provider }) => provider),
        [next.provider],
      );

      control.setBehaviour('anthropic', {});
      const isBack = async (): Promise<boolean> => (await ask(gateway)).provider === 'anthropic';
      await eventually(isBack, 'traffic for a provider that is well again');
    });
  });
}
