/**
 * Compares the routing strategies over simulated days: `npm run bench:routing`, in virtual time, under a minute.
 *
 * A day is 60 Claude Code sessions (`routing/day.ts`) at four providers of different price, speed and limits
 * (`routing/providers.ts`) with an outage, a brown-out, a slow hour and stalls (`routing/faults.ts`); the router is the
 * gateway's own. Everybody gets the same days and the same luck. `--seeds` says how many days, `--write` puts the result
 * into RESULTS.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, ratiosOf } from './routing/comparison.ts';
import { WHOLE_DAY } from './routing/day.ts';
import { ratioTable, resultTable } from './routing/report.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '6' },
    write: { type: 'boolean', default: false },
  },
});

const HEADING = '## Routing';
const RESULTS = `${import.meta.dirname}/RESULTS.md`;

const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
const results = compare(seeds, WHOLE_DAY);
const turns = results.intelligent.map((day) => day.turns);
const lines = [
  HEADING,
  '',
  `Written by \`npm run bench:routing -- --write\`: ${seeds.length} simulated days of ${WHOLE_DAY.sessions} sessions in ${WHOLE_DAY.hours} hours,`,
  `${Math.min(...turns)} to ${Math.max(...turns)} messages each. Median of the days (worst day).`,
  '',
  ...resultTable(results),
  '',
  ...ratioTable(ratiosOf(results)),
];
process.stdout.write(`${lines.join('\n')}\n`);
if (values.write) {
  const [others = ''] = readFileSync(RESULTS, 'utf8').split(`\n${HEADING}\n`);
  writeFileSync(RESULTS, `${others.trimEnd()}\n\n${lines.join('\n')}\n`);
}
