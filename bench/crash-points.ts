/**
 * `npm run test:crash-points`: kills a worker or a ledger (`kill -9`) at each moment of an attempt's life at which money could be
 * lost or counted twice, 20 times each, and compares the books with what the provider would bill.
 */
import { parseArgs } from 'node:util';
import { startBed } from './crash-points/bed.ts';
import type { CrashPoint } from './crash-points/crash-point.ts';
import { startHole } from './crash-points/hole.ts';
import { LEDGER_POINTS } from './crash-points/ledger-points.ts';
import { WORKER_POINTS } from './crash-points/worker-points.ts';
import { createRandom } from './routing/random.ts';
import type { Books } from './truth/books.ts';

const CRASH_POINTS: readonly CrashPoint[] = [...WORKER_POINTS, ...LEDGER_POINTS];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    points: { type: 'string', default: CRASH_POINTS.map(({ name }) => name).join(',') },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const FINDINGS_SHOWN_MAX = 10;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function crash(point: CrashPoint, rounds: number): Promise<Books> {
  await using stack = new AsyncDisposableStack();
  const hole = point.hole === undefined ? null : stack.use(await startHole());
  const upstream = hole === null ? {} : point.hole?.(hole.address);
  const environment = { ...point.environment, ...upstream };
  const hasLedger = point.hasLedger ?? true;
  const bed = stack.use(await startBed({ environment, hasLedger }));
  const random = createRandom(values.seed, point.name);
  if (point.isSilent === true) await bed.setSilent(true);
  for (let index = 0; index < rounds; index += 1) await point.round(bed, { random, hole, index });
  if (point.isSilent === true) await bed.setSilent(false);
  return await bed.check();
}

function report({ name, about }: CrashPoint, books: Books, seconds: number): void {
  const { comparison, ledger, attempts, unreserved, findings } = books;
  const outcomes = Map.groupBy(attempts.ends.values(), (end) => end.outcome);
  const ends = [...outcomes].map(([outcome, some]) => `${some.length} ${outcome}`).sort();
  print(`${name.padEnd(4)}${about} (${seconds.toFixed(0)} s)`);
  print(
    `      ${attempts.ends.size} attempts (${ends.join(', ')}), ${comparison.exact.entries} exact, ${unreserved} unreserved, ` +
      `${attempts.repeated} told again, ${ledger.swept} swept, ${ledger.open} open: ` +
      `${findings.length === 0 ? 'all is well' : `${findings.length} findings`}`,
  );
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) print(`      WRONG: ${finding}`);
}

print(`seed ${values.seed}`);
const wanted = values.points.split(',');
for (const point of CRASH_POINTS.filter(({ name }) => wanted.includes(name))) {
  const startMs = performance.now();
  try {
    const books = await crash(point, Number(values.rounds));
    report(point, books, (performance.now() - startMs) / 1_000);
    if (books.findings.length > 0) process.exitCode = 1;
  } catch (error) {
    print(`${point.name.padEnd(4)}WRONG: ${error instanceof Error ? error.stack : error}`);
    process.exitCode = 1;
  }
}
