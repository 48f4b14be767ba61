/**
 * Runs its arguments under Node 24, after doing whatever set-up is missing: dependencies and nats-server.
 *
 * Plain JavaScript without dependencies: it must run on any Node from 18 on, before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_DIR = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 24;
const LOCK_WAIT_MS = 500;
const LOCK_STALE_MS = 600_000;
const PARENT_POLL_MS = 200;

const modules = path.join(PROJECT_DIR, 'node_modules');
if (!isInstalled()) install();
const node = findNode();
if (node === null) {
  fail(
    `Node ${NODE_MAJOR_MIN} is needed; this is ${process.version} and no pinned copy exists for ${process.platform}-${process.arch}. Install it (nvm install ${NODE_MAJOR_MIN}) and run again.`,
  );
}
if (process.env.NATS_URL === undefined && needsNats(process.argv.slice(2))) ensureNatsServer();
run(node, process.argv.slice(2));

// npm writes its own lock into node_modules last: older than ours means not installed for this tree.
function isInstalled() {
  try {
    const installed = statSync(path.join(modules, '.package-lock.json')).mtimeMs;
    return installed >= statSync(path.join(PROJECT_DIR, 'package-lock.json')).mtimeMs;
  } catch {
    return false;
  }
}

function install() {
  const lock = path.join(PROJECT_DIR, '.install-lock');
  // Two first runs at once must not install into the same folder.
  while (!takeLock(lock)) {
    spawnSync(process.execPath, ['-e', `setTimeout(() => {}, ${LOCK_WAIT_MS})`]);
    if (isInstalled()) return;
  }
  try {
    process.stderr.write('installing dependencies (npm ci), once …\n');
    const npm = process.env.npm_execpath;
    const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
    const result = spawnSync(command, [...first, 'ci', '--ignore-scripts'], {
      cwd: PROJECT_DIR,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_ENV: '' },
    });
    if (result.status !== 0) fail('npm ci failed; see above. Check the network and run again.');
  } finally {
    rmdirSync(lock);
  }
}

function takeLock(lock) {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const isStale = existsSync(lock) && Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS;
    if (isStale) rmdirSync(lock);
    return false;
  }
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath;
  try {
    const name = `node-${process.platform}-${process.arch}/package.json`;
    const file = createRequire(import.meta.url).resolve(name);
    return path.join(path.dirname(file), 'bin', 'node');
  } catch {
    return null;
  }
}

// Tests and the whole gateway start a server of their own; a single role is given one.
function needsNats(args) {
  return args.includes('--test') || (args[0] === 'main.ts' && args.length === 1);
}

function ensureNatsServer() {
  if (process.env.NATS_SERVER_BIN !== undefined) return;
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    '/usr/sbin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
    path.join(homedir(), 'go/bin'),
    path.join(homedir(), '.local/bin'),
  ];
  if (folders.some((folder) => isExecutable(path.join(folder, 'nats-server')))) return;
  const isRootOnDebian = process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');
  if (!isRootOnDebian) return; // the program itself says what to install
  process.stderr.write('installing nats-server (apt-get), once …\n');
  const get = (...args) =>
    spawnSync('apt-get', args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const packages = ['install', '-y', '--no-install-recommends', 'nats-server'];
  if (!get(...packages)) {
    get('update');
    get(...packages);
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(command, args) {
  const child = spawn(command, args, {
    cwd: PROJECT_DIR,
    // The channel closes when we are killed, and so the child learns of it.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: [path.dirname(command), process.env.PATH].join(path.delimiter),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  // npm runs us under a shell that dies of a signal without passing it on.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, PARENT_POLL_MS);
  child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
