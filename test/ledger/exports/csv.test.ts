import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvRecord } from '../../../ledger/exports/csv.ts';
import { csvEntry, csvHeader, jsonEntry } from '../../../ledger/exports/entry-columns.ts';
import { formatUsd, parseUsd } from '../../../schemas/money.ts';
import { countedEntries, randomLog } from '../reports/support/memory-source.ts';
import { parseCsv } from './support/parse-csv.ts';

test('any fields come back from a record as they were', () => {
  const field = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 1 }), { minLength: 1 }), (records) => {
      assert.deepEqual(parseCsv(records.map(csvRecord).join('')), records);
    }),
  );
});

test('entries keep every cent in CSV and in JSON lines', () => {
  fc.assert(
    fc.property(randomLog, (eventLog) => {
      const entries = countedEntries(eventLog);
      const [header = [], ...rows] = parseCsv(csvHeader() + entries.map(csvEntry).join(''));
      assert.equal(rows.length, entries.length);
      for (const [index, entry] of entries.entries()) {
        const row = Object.fromEntries(header.map((name, column) => [name, rows[index]?.[column]]));
        assert.equal(row['picodollars'], entry.picodollars.toString());
        assert.equal(row['usd'], formatUsd(entry.picodollars));
        assert.equal(row['upstreamModel'], entry.upstreamModel);
        const line = jsonEntry(entry);
        assert.equal(line.indexOf('\n'), line.length - 1);
        const json = JSON.parse(line);
        assert.equal(parseUsd(String(json.usd)), entry.picodollars);
        assert.deepEqual(
          Object.keys(json).filter((name) => !header.includes(name)),
          ['v'],
        );
        assert.equal(json.sessionId, entry.sessionId);
      }
    }),
  );
});
