import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from './process-mark.ts';

/** How to reach the nats-server of a gateway that runs on this machine. */
export interface RunningNatsServer {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Finds the server that a gateway started in its data folder, by the files that `data-lock.ts` and `nats-server-process.ts`
 * write. Null = none runs there.
 */
export function findRunningNatsServer(dataDir: string): RunningNatsServer | null {
  const configFile = path.join(dataDir, 'nats-server.conf');
  const portsDir = path.join(dataDir, 'ports');
  if (!isServerAlive(path.join(dataDir, 'lock')) || !existsSync(configFile)) return null;
  const credentials = /user: ("[^"]*"), password: ("[^"]*")/.exec(readFileSync(configFile, 'utf8'));
  const names = existsSync(portsDir) ? readdirSync(portsDir) : [];
  const ports = names.map((name) => readFileSync(path.join(portsDir, name), 'utf8'));
  const port = ports.map((text) => /"nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1]).find((found) => found);
  if (credentials?.[1] === undefined || credentials[2] === undefined || port === undefined) {
    return null;
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    user: JSON.parse(credentials[1]),
    password: JSON.parse(credentials[2]),
  };
}

// The second line of a lock is the server.
function isServerAlive(lockFile: string): boolean {
  if (!existsSync(lockFile)) return false;
  const marks = [...readFileSync(lockFile, 'utf8').matchAll(/^([1-9]\d*) (.*)$/gm)];
  const [, pid, startedAt = ''] = marks[1] ?? [];
  return pid !== undefined && isAlive({ pid: Number(pid), startedAt });
}
