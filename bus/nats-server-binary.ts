import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const APT_MS_MAX = 180_000;

/** Where to look for nats-server. */
export interface NatsServerSearch {
  /** The operator's own choice; nothing else is tried when it is set. */
  readonly natsServerBin: string | null;
  readonly dataDir: string;
  /** Folders of PATH; default: those of this process. */
  readonly searchPath?: string;
  /** Set false to leave the system alone. */
  readonly mayInstall?: boolean;
}

// Installers put it where a normal user's PATH does not reach.
const USUAL_FOLDERS = [
  '/usr/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  path.join(homedir(), 'go/bin'),
  path.join(homedir(), '.local/bin'),
];

/**
 * Finds nats-server: `NATS_SERVER_BIN`, PATH and the usual folders, `<data folder>/bin`, then `apt-get install` when we
 * are root on Debian. Nothing is downloaded past the system's own package manager, which checks signatures.
 *
 * @throws Error whose message says what to install and which variable to set.
 */
export async function findNatsServer(search: NatsServerSearch): Promise<string> {
  if (search.natsServerBin !== null) {
    if (await isExecutable(search.natsServerBin)) return search.natsServerBin;
    throw new Error(`NATS_SERVER_BIN: ${search.natsServerBin} is not an executable file`);
  }
  const found = await lookUp(search);
  if (found !== null) return found;
  if (search.mayInstall !== false && (await installWithApt())) {
    const installed = await lookUp(search);
    if (installed !== null) return installed;
  }
  throw new Error(
    'nats-server was not found. Install it (Debian: apt-get install nats-server, macOS: brew install nats-server), ' +
      'or set NATS_SERVER_BIN to its path, or NATS_URL to a server that runs already.',
  );
}

/** The version a binary reports, e.g. `[2, 15, 1]`. */
export async function natsServerVersion(binary: string): Promise<readonly number[]> {
  const { stdout } = await run(binary, ['--version']);
  const found = /v(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (found === null) throw new Error(`${binary} does not look like nats-server: ${stdout.trim()}`);
  return found.slice(1).map(Number);
}

async function lookUp(search: NatsServerSearch): Promise<string | null> {
  const searchPath = search.searchPath ?? '';
  const folders = [
    ...searchPath.split(path.delimiter).filter((folder) => folder !== ''),
    ...USUAL_FOLDERS,
    path.join(search.dataDir, 'bin'),
  ];
  for (const folder of folders) {
    const candidate = path.join(folder, 'nats-server');
    if (await isExecutable(candidate)) return candidate;
  }
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function installWithApt(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !(await isExecutable('/usr/bin/apt-get'))) return false;
  process.stderr.write('installing nats-server with apt-get …\n');
  const install = ['install', '-y', '-qq', '--no-install-recommends', 'nats-server'];
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
