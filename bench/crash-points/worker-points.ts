import { setTimeout as sleep } from 'node:timers/promises';
import { decodeBatch } from '../../bus/codec.ts';
import { LIMITS } from '../../config/limits.ts';
import type { ObservationBatch } from '../../schemas/observation.ts';
import { subjects } from '../../schemas/subjects.ts';
import { eventually, within } from '../../test/support/latch.ts';
import type { Asked, Bed } from './bed.ts';
import type { CrashPoint } from './crash-point.ts';

const USAGE = subjects.usageEvent('anthropic');
const OUTPUT_TOKENS = 5;
/** Events of an answer of so many tokens, one each, without the last: start, block, ping, deltas, end of block, `message_delta`. */
const EVENTS_BEFORE_STOP = OUTPUT_TOKENS + 5;
const DELTAS = 20;
/** The acknowledgement takes less. */
const ACKNOWLEDGED_MS = 20;
const LARGE_CHARACTERS = 4_000_000;
const SPOOLED_REQUESTS = 20;
const SPOOL_MS_MAX = 15_000;

/** Once a message is seen. */
function atMessage(
  subject: string,
  isWanted?: Parameters<Bed['watch']>[1],
): (bed: Bed) => Promise<void> {
  return async (bed) => {
    const { seen } = await bed.watch(subject, isWanted);
    const asked = bed.ask();
    await seen;
    await bed.kill(bed.worker);
    await asked.ended;
  };
}

/** Once a part of the answer has reached the client. */
function atText(
  behaviour: Parameters<Bed['sandbox']['control']['enqueue']>[1],
  isThere: (text: string) => boolean,
): (bed: Bed) => Promise<void> {
  return async (bed) => {
    bed.sandbox.control.enqueue('anthropic', behaviour);
    const asked = bed.ask();
    await asked.until(isThere);
    await bed.kill(bed.worker);
    await asked.ended;
  };
}

/** Kills the worker while its upstream is a hole: another try would wait there too, so the client leaves. */
async function killInHole(bed: Bed, asked: Asked): Promise<void> {
  const killed = bed.kill(bed.worker);
  asked.leave();
  await killed;
  await asked.ended;
}

const isAnswered = (data: Uint8Array): boolean =>
  decodeBatch<ObservationBatch>(data).observations.some(({ kind }) => kind === 'answered');

/** Workers, in the order of an attempt's life. */
export const WORKER_POINTS: readonly CrashPoint[] = [
  {
    name: 'C1',
    about: 'worker: before the reservation, while the body is pulled',
    round: async (bed) => {
      const { seen } = await bed.watch(subjects.body('*', '*'));
      const asked = bed.ask({ padding: 2 * LIMITS.inlineBodyBytesMax });
      await seen;
      await bed.kill(bed.worker);
      await asked.ended;
    },
  },
  {
    name: 'C2',
    about: 'worker: the reservation is sent and not acknowledged',
    isSilent: true,
    round: atMessage(subjects.reservedEvent()),
  },
  {
    name: 'C3',
    about: 'worker: the reservation is acknowledged, nothing was sent upstream',
    environment: { ACCOUNTING: 'strict' },
    // No byte of a request goes out before the other side has shown its certificate.
    hole: (address) => ({ ANTHROPIC_UPSTREAM_URL: `https://${address}` }),
    round: async (bed, { random }) => {
      const { seen } = await bed.watch(subjects.reservedEvent());
      const asked = bed.ask();
      await seen;
      await sleep(random() * ACKNOWLEDGED_MS);
      await killInHole(bed, asked);
    },
  },
  {
    name: 'C4',
    about: 'worker: half of the request is written',
    hole: (address) => ({ ANTHROPIC_UPSTREAM_URL: `http://${address}` }),
    round: async (bed, { hole }) => {
      if (hole === null) throw new Error('no hole');
      const begun = hole.nextPost();
      const asked = bed.ask({ padding: LARGE_CHARACTERS });
      await within(begun, 'the first bytes of a call');
      await killInHole(bed, asked);
    },
  },
  {
    name: 'C5',
    about: 'worker: the upstream has sent its headers',
    round: async (bed) => {
      const stall = { kind: 'stall', at: 'after-headers' } as const;
      bed.sandbox.control.enqueue('anthropic', { fault: stall });
      await atMessage(subjects.anyObservations(), ({ data }) => isAnswered(data))(bed);
    },
  },
  {
    name: 'C6',
    about: 'worker: after message_start',
    round: atText({ fault: { kind: 'stall', at: 'mid-stream', afterEvents: 1 } }, (text) =>
      text.includes('message_start'),
    ),
  },
  {
    name: 'C7',
    about: 'worker: between two deltas',
    round: atText(
      { outputTokens: 2_000, tokensPerSecond: 200, chunksPerTick: 1 },
      (text) => text.split('content_block_delta').length > DELTAS,
    ),
  },
  {
    name: 'C8',
    about: 'worker: after message_delta, before the usage event',
    round: atText(
      {
        outputTokens: OUTPUT_TOKENS,
        chunksPerTick: 1,
        fault: { kind: 'stall', at: 'mid-stream', afterEvents: EVENTS_BEFORE_STOP },
      },
      (text) => /event: message_delta\n.*\n\n/.test(text),
    ),
  },
  {
    name: 'C9',
    about: 'worker: the usage event is sent and not acknowledged',
    isSilent: true,
    round: atMessage(USAGE),
  },
  {
    name: 'C13',
    about: 'worker: events come from the disk',
    round: async (bed) => {
      await bed.setSilent(true);
      const asked = Array.from({ length: SPOOLED_REQUESTS }, () => bed.ask());
      await Promise.all(asked.map(({ ended }) => ended));
      await eventually(() => bed.cluster.spoolFiles().length >= 2, 'spooled', SPOOL_MS_MAX);
      await bed.setSilent(false);
      const { seen } = await bed.watch(USAGE);
      await seen;
      await bed.kill(bed.worker);
    },
  },
];
