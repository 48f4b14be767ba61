/** The sandbox as a child process that takes its behaviour over IPC and ends with its parent. */

import type { BehaviourInput } from '../sandbox/behaviour.ts';
import { startSandbox } from '../sandbox/start.ts';
import type { UpstreamBehaviour } from './cases.ts';

const CHUNKS = 200;

const BEHAVIOURS: Record<UpstreamBehaviour['kind'], BehaviourInput> = {
  message: { outputTokens: CHUNKS },
  // Every chunk is a write of its own, as real providers flush them; no delay in between.
  burst: { outputTokens: CHUNKS, chunksPerTick: 1 },
  paced: { outputTokens: CHUNKS, tokensPerSecond: 200, chunksPerTick: 1 },
  short: { outputTokens: 10, chunksPerTick: 1 },
  hold: { outputTokens: CHUNKS, fault: { kind: 'stall', at: 'mid-stream' } },
};

const sandbox = await startSandbox({ host: '127.0.0.1', port: 0 });
process.on('message', (behaviour: UpstreamBehaviour) => {
  sandbox.control.setBehaviour('anthropic', BEHAVIOURS[behaviour.kind]);
  process.send?.('set');
});
process.on('disconnect', () => void sandbox[Symbol.asyncDispose]());
process.send?.(sandbox.url);
