import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { lockDataDir } from '../../bus/data-lock.ts';
import { markOf } from '../../bus/process-mark.ts';

function temporaryFolder(): Disposable & { readonly dir: string; readonly lock: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-lock-'));
  return {
    dir,
    lock: path.join(dir, 'lock'),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A process that waits to be ended. */
function bystander() {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const pid = child.pid ?? 0;
  return {
    mark: () => `${pid} ${markOf(pid).startedAt}\n`,
    pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    end: () => child.stdin.end(),
  };
}

test('a folder is given to one gateway, and to the next after its release', async () => {
  using folder = temporaryFolder();
  const lock = await lockDataDir(folder.dir);
  await assert.rejects(
    lockDataDir(folder.dir),
    /in use by process \d+; stop it or set GATEWAY_DATA_DIR/,
  );
  lock.release();
  (await lockDataDir(folder.dir)).release();
  assert.deepEqual(readdirSync(folder.dir), []);
});

test('the lock of a running process is respected and names it', async () => {
  using folder = temporaryFolder();
  await using holder = bystander();
  writeFileSync(folder.lock, holder.mark());
  await assert.rejects(lockDataDir(folder.dir), new RegExp(`in use by process ${holder.pid};`));
  assert.equal(readFileSync(folder.lock, 'utf8'), holder.mark());
});

test('the lock of a process that is gone is taken over', async () => {
  using folder = temporaryFolder();
  const holder = bystander();
  writeFileSync(folder.lock, holder.mark());
  await holder[Symbol.asyncDispose]();
  const lock = await lockDataDir(folder.dir);
  assert.match(readFileSync(folder.lock, 'utf8'), new RegExp(`^${process.pid} `));
  lock.release();
});

test('a process number that was given out again holds nothing', {
  skip: !existsSync('/proc/self/stat') && 'start times are read from /proc',
}, async () => {
  using folder = temporaryFolder();
  await using other = bystander();
  writeFileSync(folder.lock, `${other.pid} 1\n`);
  (await lockDataDir(folder.dir)).release();
});

test('the server of a gateway that is gone is waited for', async () => {
  using folder = temporaryFolder();
  await using server = bystander();
  writeFileSync(folder.lock, `999999999 1\n${server.mark()}`);
  let isTaken = false;
  const taking = lockDataDir(folder.dir).then((lock) => {
    isTaken = true;
    return lock;
  });
  await new Promise(setImmediate);
  assert.equal(isTaken, false);
  server.end();
  (await taking).release();
});

test('a lock without a content is taken over only once it is old', async () => {
  using folder = temporaryFolder();
  writeFileSync(folder.lock, '');
  let isTaken = false;
  const taking = lockDataDir(folder.dir).then((lock) => {
    isTaken = true;
    return lock;
  });
  await new Promise(setImmediate);
  assert.equal(isTaken, false);
  utimesSync(folder.lock, 0, 0);
  (await taking).release();
});

test('of many gateways that find a dead lock, one gets the folder', async () => {
  using folder = temporaryFolder();
  const program = `
    import { lockDataDir } from ${JSON.stringify(path.join(import.meta.dirname, '../../bus/data-lock.ts'))};
    try { await lockDataDir(${JSON.stringify(folder.dir)}); console.log('taken'); }
    catch (error) { console.log(error.message); }
    process.stdin.resume();`;
  writeFileSync(folder.lock, '999999999 1\n');
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const answers = await Promise.all(
    children.map(async (child) => String((await once(child.stdout, 'data'))[0])),
  );
  assert.equal(answers.filter((answer) => answer.startsWith('taken')).length, 1);
  assert.equal(answers.filter((answer) => answer.includes('is in use by process')).length, 3);
  await Promise.all(
    children.map(async (child) => {
      child.stdin.end();
      await once(child, 'exit');
    }),
  );
});
