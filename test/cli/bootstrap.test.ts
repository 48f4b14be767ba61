import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isAlive, markOf } from '../../bus/process-mark.ts';
import { eventually, within } from '../support/latch.ts';

const BOOTSTRAP = path.join(import.meta.dirname, '../../cli/bootstrap.mjs');
const MANIFEST = { name: 'p', version: '1.0.0', dependencies: { d: 'file:d' } };
const LOCK_FILE = {
  ...{ name: 'p', version: '1.0.0', lockfileVersion: 3, requires: true },
  packages: {
    '': MANIFEST,
    d: { version: '1.0.0' },
    'node_modules/d': { resolved: 'd', link: true },
  },
};
const olderNode = findOlderNode();

interface Project extends Disposable {
  at(...names: string[]): string;
  start(args: readonly string[], options?: StartOptions): ChildProcess;
  /** Starts and waits for the end. */
  run(
    args: readonly string[],
    options?: StartOptions,
  ): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

interface StartOptions {
  readonly node?: string;
  readonly environment?: Record<string, string>;
}

/** A project with one dependency, a folder of its own, around a copy of the script; `isInstalled` says whether npm was there. */
function createProject({ isInstalled = true } = {}): Project {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-bootstrap-'));
  const at = (...names: string[]): string => path.join(dir, ...names);
  mkdirSync(at('cli'));
  copyFileSync(BOOTSTRAP, at('cli/bootstrap.mjs'));
  mkdirSync(at('d'));
  writeFileSync(at('d/package.json'), JSON.stringify({ name: 'd', version: '1.0.0' }));
  writeFileSync(at('package.json'), JSON.stringify(MANIFEST));
  writeFileSync(at('package-lock.json'), JSON.stringify(LOCK_FILE));
  if (isInstalled) {
    mkdirSync(at('node_modules'));
    writeFileSync(at('node_modules/.package-lock.json'), '{}');
  }
  const start: Project['start'] = (args, { node = process.execPath, environment = {} } = {}) => {
    const { npm_lifecycle_event: _event, npm_execpath: _npm, ...inherited } = process.env;
    return spawn(node, [at('cli/bootstrap.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, ...environment },
    });
  };
  return {
    at,
    start,
    async run(args, options) {
      const child = start(args, options);
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (text: string) => {
          texts[name] += text;
        });
      }
      const [code, signal] = await within(once(child, 'close'), 'the end', 60_000);
      return { code, signal, ...texts };
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

test('arguments, output and exit code pass through, and nothing is said of our own', async () => {
  using project = createProject();
  const script = 'console.log(process.argv.slice(1).join("|")); process.exit(7)';
  const result = await project.run(['-e', script, 'a b', '*']);
  assert.deepEqual(result, { code: 7, signal: null, stdout: 'a b|*\n', stderr: '' });
});

test('it is run in the project folder, with its Node first on PATH', async () => {
  using project = createProject();
  const script = 'console.log(process.cwd()); console.log(process.env.PATH)';
  const [folder, searchPath] = (await project.run(['-e', script])).stdout.split('\n');
  assert.equal(folder, project.at());
  assert.equal(searchPath?.split(path.delimiter)[0], path.dirname(process.execPath));
});

test('the death of the child by a signal is ours', async () => {
  using project = createProject();
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    const result = await project.run(['-e', `process.kill(process.pid, '${signal}')`]);
    assert.equal(result.signal, signal);
  }
});

test('SIGINT, SIGTERM and SIGHUP reach the child, whose exit code stays', async () => {
  using project = createProject();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const script = `process.on('${signal}', () => process.exit(5)); setInterval(() => {}, 1000); console.log('up')`;
    const child = project.start(['-e', script]);
    await firstLine(child);
    child.kill(signal);
    assert.deepEqual(await within(once(child, 'exit'), 'the exit'), [5, null]);
  }
});

test('kill -9 tells the child by closing its channel', async () => {
  using project = createProject();
  const script =
    "process.once('disconnect', () => process.exit()); setInterval(() => {}, 1000); console.log(process.pid)";
  const child = project.start(['-e', script]);
  const pid = Number(await firstLine(child));
  assert.ok(isAlive(markOf(pid)));
  child.kill('SIGKILL');
  await eventually(() => !isAlive(markOf(pid)), 'the child ends');
});

test('under npm the end of the shell in between ends the child', async () => {
  using project = createProject();
  const script =
    "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000); console.log(process.pid)";
  const command = `"${process.execPath}" "${project.at('cli/bootstrap.mjs')}" -e "${script}"; true`;
  const shell = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, npm_lifecycle_event: 'start' },
  });
  const pid = Number(await firstLine(shell));
  shell.kill('SIGKILL');
  await eventually(() => !isAlive(markOf(pid)), 'the child ends');
});

test('a first run installs, a second does not, a changed lock file installs again', async () => {
  using project = createProject({ isInstalled: false });
  const first = await project.run(['-e', '']);
  assert.deepEqual([first.code, first.stderr], [0, 'installing dependencies (npm ci), once …\n']);
  assert.ok(existsSync(project.at('node_modules/.package-lock.json')));
  assert.equal((await project.run(['-e', ''])).stderr, '');
  const later = Date.now() / 1_000 + 10;
  utimesSync(project.at('package-lock.json'), later, later);
  assert.match((await project.run(['-e', ''])).stderr, /^installing dependencies/);
});

test('two first runs at once install once', async () => {
  using project = createProject({ isInstalled: false });
  const results = await Promise.all([project.run(['-e', '']), project.run(['-e', ''])]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
  );
  const said = results.map(({ stderr }) => stderr).join('');
  assert.equal(said.match(/installing dependencies/g)?.length, 1, said);
  assert.equal(existsSync(project.at('.cache/setup.lock')), false);
});

test('an installation that fails is told in a line and does not block the next', async () => {
  using project = createProject({ isInstalled: false });
  writeFileSync(
    project.at('package.json'),
    JSON.stringify({ ...MANIFEST, dependencies: { d: 'file:d', missing: 'file:x' } }),
  );
  for (let round = 0; round < 2; round += 1) {
    const { code, stderr } = await project.run(['-e', 'console.log("ran")']);
    assert.equal(code, 1);
    assert.match(stderr, /\nnpm ci failed \(see above\): check the network and run again\n$/);
  }
});

test('an installation that was killed does not block the next', async () => {
  using project = createProject({ isInstalled: false });
  mkdirSync(project.at('.cache'));
  writeFileSync(project.at('.cache/setup.lock'), '999999999');
  assert.equal((await project.run(['-e', ''])).code, 0);
});

test('an older Node hands over to the packaged one', {
  skip: olderNode === null && 'no Node older than 24 on this machine',
}, async () => {
  using project = createProject();
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(project.at('node_modules', name, 'bin'), { recursive: true });
  writeFileSync(project.at('node_modules', name, 'package.json'), JSON.stringify({ name }));
  symlinkSync(process.execPath, project.at('node_modules', name, 'bin/node'));
  const script = 'console.log(process.version)';
  const { stdout } = await project.run(['-e', script], { node: olderNode ?? '' });
  assert.equal(stdout.trim(), process.version);
});

test('an older Node without a packaged one says what to install', {
  skip: olderNode === null && 'no Node older than 24 on this machine',
}, async () => {
  using project = createProject();
  const { code, stderr } = await project.run(['-e', ''], { node: olderNode ?? '' });
  assert.equal(code, 1);
  assert.match(stderr, /^Node 24 is needed, this is v\d+.*nvm install 24.*\n$/);
});

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout !== null);
  const [line] = await within(once(createInterface({ input: child.stdout }), 'line'), 'a line');
  return line;
}

function findOlderNode(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, 'node');
    if (!existsSync(candidate)) continue;
    const version = execFileSync(candidate, ['--version'], { encoding: 'utf8' });
    const major = Number(version.slice(1).split('.')[0]);
    if (major >= 18 && major < 24) return candidate;
  }
  return null;
}
