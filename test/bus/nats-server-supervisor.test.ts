import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../bus/log.ts';
import type { NatsServerProcess } from '../../bus/nats-server-process.ts';
import { keepNatsServer } from '../../bus/nats-server-supervisor.ts';
import { createLatch, within } from '../support/latch.ts';

const log = createLog({ level: 'silent', name: 'test' });

/** A process whose end the test decides on. */
function createProcess(pid: number) {
  const end = createLatch<string>();
  const state = { stops: 0 };
  const server: NatsServerProcess = {
    pid,
    port: 4222,
    exited: end.opened,
    async stop() {
      state.stops += 1;
      end.open('exit code 0');
    },
  };
  return { server, state, die: () => end.open('signal SIGKILL') };
}

test('a server that dies again and again is started ever later, and then given up', async () => {
  const waitsMs: number[] = [];
  let pid = 1;
  const first = createProcess(pid);
  const supervisor = keepNatsServer(first.server, {
    log,
    async launch() {
      pid += 1;
      const next = createProcess(pid);
      next.die();
      return next.server;
    },
    async wait(ms) {
      waitsMs.push(ms);
    },
  });
  first.die();
  const reason = await within(supervisor.failed, 'giving up');
  assert.match(reason.message, /died 11 times within a minute.*nats-server\.log/);
  assert.deepEqual(waitsMs, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000]);
  assert.equal(pid, 11);
  await supervisor.stop();
});

test('a start that fails counts as a death, and the next one may work', async () => {
  const first = createProcess(1);
  const second = createProcess(2);
  const launches = [() => Promise.reject(new Error('port in use')), async () => second.server];
  const supervisor = keepNatsServer(first.server, {
    log,
    launch: () => launches.shift()?.() ?? Promise.reject(new Error('one start too many')),
    wait: async () => {},
  });
  const restarted = supervisor.restarted();
  first.die();
  await within(restarted, 'the restart');
  assert.equal(supervisor.pid(), 2);
  await supervisor.stop();
  assert.equal(second.state.stops, 1);
});

test('stop() during a wait starts nothing any more', async () => {
  const first = createProcess(1);
  const waiting = createLatch();
  const supervisor = keepNatsServer(first.server, {
    log,
    launch: () => Promise.reject(new Error('started after stop()')),
    wait: (_ms, signal) => {
      waiting.open();
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  first.die();
  await waiting.opened;
  await within(supervisor.stop(), 'stop()');
});

test('stop() during a start ends the server that the start brings', async () => {
  const first = createProcess(1);
  const second = createProcess(2);
  const launching = createLatch();
  const launched = createLatch<NatsServerProcess>();
  const supervisor = keepNatsServer(first.server, {
    log,
    launch: () => {
      launching.open();
      return launched.opened;
    },
    wait: async () => {},
  });
  first.die();
  await launching.opened;
  const stopped = supervisor.stop();
  launched.open(second.server);
  await within(stopped, 'stop()');
  assert.equal(second.state.stops, 1);
});
