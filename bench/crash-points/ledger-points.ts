import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../config/limits.ts';
import { IDS_TOKEN, SNAPSHOT_KEY } from '../../ledger/saved-state.ts';
import { KV_BUCKETS, subjects } from '../../schemas/subjects.ts';
import {
  reservation,
  reserved,
  usageEvent,
  used,
  writeEvents,
} from '../../test/ledger/support/events.ts';
import { within } from '../../test/support/latch.ts';
import type { CrashPoint } from './crash-point.ts';

const USAGE = subjects.usageEvent('anthropic');
const LEASE_MS_MAX = 15_000;
const totalsKey = (key: string): string => `$KV.${KV_BUCKETS.totals}.${key}`;

/** Once a message about the ledger is seen, and so many milliseconds later at random. */
function ledgerAt(subject: string, laterMsMax: number): CrashPoint['round'] {
  return async (bed, { random }) => {
    const { ledger } = bed;
    if (ledger === undefined) throw new Error('no ledger');
    const { seen } = await bed.watch(subject);
    const asked = bed.ask();
    await seen;
    await sleep(random() * laterMsMax);
    await bed.kill(ledger);
    await asked.ended;
  };
}

/** Ledgers. */
export const LEDGER_POINTS: readonly CrashPoint[] = [
  {
    name: 'C10',
    about: 'ledger: an event has come, its totals are not kept',
    round: ledgerAt(USAGE, 2),
  },
  {
    name: 'C11',
    about: 'ledger: between the two writes of one saving',
    round: async (bed, { index }) => {
      const { ledger } = bed;
      if (ledger === undefined) throw new Error('no ledger');
      const startedAtMs = Date.now();
      const ends = Array.from({ length: LIMITS.ledgerIdsPerChunkMax }, (_, each) =>
        used(usageEvent(`c11-${index}-${each}`, { startedAtMs, estimated: true })),
      );
      const { seen } = await bed.watch(totalsKey(`${IDS_TOKEN}.*`));
      await writeEvents(bed.bus, ends);
      await seen;
      await bed.kill(ledger);
    },
  },
  {
    name: 'C12',
    about: 'ledger: the totals are kept, and it does not know',
    round: ledgerAt(totalsKey(SNAPSHOT_KEY), 1),
  },
  {
    name: 'C14',
    about: 'ledger: while it settles what nobody ended',
    hasLedger: false,
    round: async (bed, { index }) => {
      const startedAtMs = Date.now();
      const lost = Array.from({ length: 5 }, (_, each) =>
        reservation(`c14-${index}-${each}`, { startedAtMs }),
      );
      await writeEvents(bed.bus, [reserved(...lost)]);
      const { seen } = await bed.watch(USAGE);
      const program = path.join(import.meta.dirname, 'sweeping-ledger.ts');
      const { natsUrl, environment } = bed.cluster;
      const dataDir = environment['GATEWAY_DATA_DIR'] ?? '';
      const child = spawn(process.execPath, [program, natsUrl, dataDir], { stdio: 'inherit' });
      const exited = once(child, 'exit');
      await within(seen, 'a settled attempt', LEASE_MS_MAX);
      child.kill('SIGKILL');
      await exited;
    },
  },
];
