import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { UpstreamBehaviour } from './cases.ts';

/** The sandbox in a process of its own, as every target's upstream. */
export interface Upstream extends AsyncDisposable {
  readonly origin: string;
  behave(behaviour: UpstreamBehaviour): Promise<void>;
}

/** Starts the sandbox. */
export async function startUpstream(): Promise<Upstream> {
  const child: ChildProcess = fork(`${import.meta.dirname}/upstream-process.ts`);
  const [origin] = await once(child, 'message');
  return {
    origin: String(origin),
    async behave(behaviour) {
      child.send(behaviour);
      await once(child, 'message');
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
