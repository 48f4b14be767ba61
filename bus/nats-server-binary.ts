import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const APT_MS_MAX = 180_000;
/** Another installation that runs is waited for. */
const APT_LOCK_SECONDS_MAX = 120;
const VERSION_MS_MAX = 5_000;
const HOW_TO_FIX =
  'install it (Debian: apt-get install nats-server, macOS: brew install nats-server), ' +
  'or set NATS_SERVER_BIN to its path, or NATS_URL to a server that runs already';

/**
 * All that the server gets to see of our environment: some of our variables are secrets. Its heap is small: collected at
 * five times its live size instead of twice, it takes a seventh less CPU time; after minutes of hundreds of events a second it is
 * not small any more, and is collected as often as it takes to stay below the limit.
 */
export const SERVER_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: homedir(),
  GOGC: '400',
  GOMEMLIMIT: '256MiB',
};

/** Where to look for nats-server. */
export interface NatsServerSearch {
  /** The operator's own choice; nothing else is tried when it is set. */
  readonly natsServerBin: string | null;
  readonly dataDir: string;
  /** Value of PATH; without it only the usual folders are searched. */
  readonly searchPath?: string;
  /** Where installers put it although a normal user's PATH does not reach there. */
  readonly usualFolders?: readonly string[];
  /** Set false to leave the system alone. */
  readonly mayInstall?: boolean;
}

/** Folders searched after PATH; cli/bootstrap.mjs has the same ones, for it runs where TypeScript does not. */
export const USUAL_FOLDERS: readonly string[] = [
  '/usr/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  path.join(homedir(), 'go/bin'),
  path.join(homedir(), '.local/bin'),
];

/**
 * Finds nats-server: `NATS_SERVER_BIN`, PATH and the usual folders, `<data folder>/bin`, then `apt-get install` when we
 * are root on Debian.
 *
 * Nothing is downloaded past the system's own package manager: it checks signatures and follows advisories, where a copy
 * of ours would age in silence. Throws Error whose message says what to install and which variable to set.
 */
export async function findNatsServer(search: NatsServerSearch): Promise<string> {
  if (search.natsServerBin !== null) {
    if (await isExecutable(search.natsServerBin)) return search.natsServerBin;
    throw new Error(`NATS_SERVER_BIN is ${search.natsServerBin}, which is not an executable file`);
  }
  const found = await lookUp(search);
  if (found !== null) return found;
  if (search.mayInstall !== false && (await installWithApt())) {
    const installed = await lookUp(search);
    if (installed !== null) return installed;
  }
  throw new Error(`nats-server was not found: ${HOW_TO_FIX}`);
}

/**
 * The version that a binary reports, e.g. `[2, 15, 1]`.
 *
 * @throws Error when it cannot be run or is not nats-server.
 */
export async function natsServerVersion(binary: string): Promise<readonly number[]> {
  let said: string;
  try {
    const options = { timeout: VERSION_MS_MAX, env: SERVER_ENVIRONMENT };
    const { stdout } = await run(binary, ['--version'], options);
    said = stdout.split('\n')[0] ?? '';
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    throw new Error(`${binary} does not run as nats-server: ${why}; ${HOW_TO_FIX}`);
  }
  const found = /^nats-server: v(\d+)\.(\d+)\.(\d+)/.exec(said);
  if (found === null) {
    throw new Error(`${binary} is not nats-server (it says "${said}"); ${HOW_TO_FIX}`);
  }
  return found.slice(1).map(Number);
}

async function lookUp(search: NatsServerSearch): Promise<string | null> {
  const searchPath = search.searchPath ?? '';
  const folders = [
    ...searchPath.split(path.delimiter).filter((folder) => folder !== ''),
    ...(search.usualFolders ?? USUAL_FOLDERS),
    path.join(search.dataDir, 'bin'),
  ];
  for (const folder of folders) {
    const candidate = path.join(folder, 'nats-server');
    if (await isExecutable(candidate)) return candidate;
  }
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile(); // a folder is "executable" too
  } catch {
    return false;
  }
}

async function installWithApt(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await isExecutable('/usr/bin/apt-get'))) return false;
  process.stderr.write('installing nats-server with apt-get …\n');
  const lock = `DPkg::Lock::Timeout=${APT_LOCK_SECONDS_MAX}`;
  const install = ['-o', lock, 'install', '-y', '-qq', '--no-install-recommends', 'nats-server'];
  const options = { timeout: APT_MS_MAX };
  try {
    await run('apt-get', install, options);
  } catch {
    // A fresh machine has no package lists yet.
    try {
      await run('apt-get', ['update', '-qq'], options);
      await run('apt-get', install, options);
    } catch {
      return false; // the caller says what to do by hand
    }
  }
  return true;
}
