/**
 * Runs its arguments under Node 24, after doing whatever set-up is missing: dependencies and nats-server.
 *
 * Plain JavaScript without dependencies: it must run on any Node from 18 on, before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_DIR = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 24;
/**
 * Node's own default lets short-lived objects take 100 MB before they are looked at: under load that buys nothing. Shrunk in a
 * quiet moment, as Node does, their space has them copied again and again (a tenth of all CPU) until it has grown back. A process
 * with one role (Dockerfile) gets half of it: there large bodies would wait too long for small objects to fill the space.
 * The rest is collected when it is twice what was live; by default four times, and what was once taken is not given back.
 */
const GATEWAY_FLAGS = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--heap-growing-percent=100',
];
/** Programs that start a nats-server whatever the environment says. */
const WITH_NATS_SERVER = [
  'bench/run.ts',
  'bench/storm.ts',
  'bench/soak.ts',
  'bench/truth.ts',
  'bench/crash-points.ts',
];
const LOCK_WAIT_MS = 200;
/** A lock file without a content this old was left by a process that died while writing it. */
const UNWRITTEN_MS_MAX = 5_000;
const APT_LOCK_SECONDS_MAX = 120;
const PARENT_POLL_MS = 200;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const NATS_BY_HAND =
  'install it (Debian: apt-get install nats-server, macOS: brew install nats-server), ' +
  'or set NATS_SERVER_BIN to its path, or (npm start) NATS_URL to a server that runs already';

/** A problem that is told in one line. */
class SetupError extends Error {}

try {
  const [, , ...args] = process.argv;
  if (!hasDependencies()) underLock(hasDependencies, installDependencies);
  const node = findNode();
  if (needsNatsServer(args) && !hasNatsServer()) {
    if (!canInstall()) throw new SetupError(`nats-server was not found: ${NATS_BY_HAND}`);
    underLock(hasNatsServer, installNatsServer);
  }
  run(node, args[0] === 'main.ts' ? [...GATEWAY_FLAGS, ...args] : args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

// npm writes its own list into node_modules last: older than ours means not installed for this tree.
function hasDependencies() {
  try {
    const installed = statSync(path.join(PROJECT_DIR, 'node_modules/.package-lock.json')).mtimeMs;
    return installed >= statSync(path.join(PROJECT_DIR, 'package-lock.json')).mtimeMs;
  } catch {
    return false;
  }
}

function installDependencies() {
  say('installing dependencies (npm ci), once …');
  // Under npm run, the npm that started us; its path is that of a script.
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  const result = spawnSync(command, [...first, 'ci', '--ignore-scripts', '--include=dev'], {
    cwd: PROJECT_DIR,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.error !== undefined) throw new SetupError(`cannot run npm: ${result.error.message}`);
  if (result.status !== 0) {
    throw new SetupError('npm ci failed (see above): check the network and run again');
  }
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  try {
    const require = createRequire(path.join(PROJECT_DIR, 'package.json'));
    const manifest = require.resolve(`node-${platform}/package.json`);
    return path.join(path.dirname(manifest), 'bin', 'node');
  } catch {
    throw new SetupError(
      `Node ${NODE_MAJOR_MIN} is needed, this is ${process.version}, and there is no packaged one for ${platform}: ` +
        `install it (https://nodejs.org, or nvm install ${NODE_MAJOR_MIN}) and run again`,
    );
  }
}

// Tests, benchmarks and the whole gateway start servers of their own; a single role is given one.
function needsNatsServer(args) {
  if (args.includes('--test') || WITH_NATS_SERVER.includes(args[0])) return true;
  return (
    args[0] === 'main.ts' && args.length === 1 && !isSet('NATS_URL') && !isSet('NATS_URL_FILE')
  );
}

// The folders of bus/nats-server-binary.ts, which has the last word.
function hasNatsServer() {
  if (isSet('NATS_SERVER_BIN')) return true;
  const dataDir = path.resolve(PROJECT_DIR, variable('GATEWAY_DATA_DIR') || '.data');
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== ''),
    '/usr/sbin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
    path.join(homedir(), 'go/bin'),
    path.join(homedir(), '.local/bin'),
    path.join(dataDir, 'bin'),
  ];
  return folders.some((folder) => isExecutable(path.join(folder, 'nats-server')));
}

function canInstall() {
  return process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');
}

function installNatsServer() {
  say('installing nats-server (apt-get install), once …');
  const isDone = (...args) =>
    spawnSync('apt-get', ['-o', `DPkg::Lock::Timeout=${APT_LOCK_SECONDS_MAX}`, '-qq', ...args], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const isInstalled = () => isDone('install', '-y', '--no-install-recommends', 'nats-server');
  // A fresh machine has no package lists yet.
  if (!isInstalled() && !(isDone('update') && isInstalled())) {
    throw new SetupError(`apt-get could not install nats-server: ${NATS_BY_HAND}`);
  }
}

/** Does the work unless another process does it: then waits for that one. */
function underLock(isDone, work) {
  const folder = path.join(PROJECT_DIR, '.cache');
  mkdirSync(folder, { recursive: true });
  const lock = path.join(folder, 'setup.lock');
  let isWaitTold = false;
  while (!create(lock, String(process.pid))) {
    if (isStale(lock)) {
      removeStale(lock);
      continue;
    }
    if (!isWaitTold) say('waiting for another start that is setting things up …');
    isWaitTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
  }
  try {
    if (!isDone()) work();
  } finally {
    rmSync(lock, { force: true });
  }
}

// Looking again and removing must be one step: a slow process would remove the fresh lock of a fast one.
function removeStale(lock) {
  const guard = `${lock}.takeover`;
  if (!create(guard, '')) {
    if (ageMs(guard) > UNWRITTEN_MS_MAX) rmSync(guard, { force: true });
    return;
  }
  try {
    if (isStale(lock)) rmSync(lock, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function isStale(lock) {
  let holder;
  try {
    holder = Number(readFileSync(lock, 'utf8'));
  } catch {
    return false; // given back in the meantime
  }
  if (!(holder > 0)) return ageMs(lock) > UNWRITTEN_MS_MAX;
  if (holder === process.pid) return true;
  try {
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function create(file, content) {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new SetupError(`cannot write ${file}: ${error.message}`);
  }
}

function ageMs(file) {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function isSet(name) {
  return variable(name) !== '';
}

/** A variable as config/load.ts will see it: from the environment, else from .env. */
function variable(name) {
  const value = process.env[name];
  if (value !== undefined) return value.trim();
  try {
    const file = readFileSync(path.join(PROJECT_DIR, '.env'), 'utf8');
    const found = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=[ \\t]*["']?([^"'\\r\\n#]*)`, 'm');
    return found.exec(file)?.[1]?.trim() ?? '';
  } catch {
    return ''; // there is none
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
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
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  // npm runs us under a shell that may die of a signal without passing it on. Started in another way we may well
  // outlive our parent on purpose.
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, PARENT_POLL_MS);
  }
  child.on('error', (error) => {
    say(`cannot run ${command}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // Dying the same way lets our caller see 128 + the signal's number.
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
