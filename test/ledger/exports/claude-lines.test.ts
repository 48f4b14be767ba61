import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ClaudeLines,
  type ClaudeVariant,
  summaryLine,
} from '../../../ledger/exports/claude-lines.ts';
import type { UsageEntry } from '../../../ledger/reports/usage-entry.ts';
import { parseUsd } from '../../../schemas/money.ts';
import { countedEntries, randomLog } from '../reports/support/memory-source.ts';

const TOKEN_PICODOLLARS = 3_000_000n;

function linesOf(entries: readonly UsageEntry[], variant: ClaudeVariant) {
  const lines = new ClaudeLines(variant);
  return entries.map((entry) => lines.lineOf(entry)).filter((line) => line !== null);
}

function values(json: unknown): readonly unknown[] {
  if (typeof json !== 'object' || json === null) return [json];
  return Object.values(json).flatMap(values);
}

test('lines are what all readers take, and stay in their folder', () => {
  fc.assert(
    fc.property(
      randomLog,
      fc.constantFrom<ClaudeVariant>('tokens', 'cost-equivalent'),
      (eventLog, variant) => {
        for (const { file, line } of linesOf(countedEntries(eventLog), variant)) {
          assert.ok(line.includes('"usage":{'), 'compact');
          assert.equal(line.indexOf('\n'), line.length - 1);
          const json = JSON.parse(line);
          assert.ok(!values(json).includes(null));
          assert.ok(!values(json).includes(''));
          assert.equal(typeof json.costUSD, 'number');
          assert.match(json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          assert.match(file, /^projects\/-gateway-[a-z-]+\/[\w-]+\.jsonl$/);
          assert.equal(path.normalize(file), file);
          assert.equal(`${json.sessionId}.jsonl`, path.basename(file));
        }
      },
    ),
  );
});

test('the sums of the lines are those of the ledger, to the picodollar', () => {
  fc.assert(
    fc.property(randomLog, (eventLog) => {
      const entries = countedEntries(eventLog);
      const lines = linesOf(entries, 'tokens').map(({ line }) => JSON.parse(line));
      const ids = lines.map(({ requestId, message }) => `${requestId} ${message.id}`);
      assert.equal(new Set(ids).size, ids.length, 'readers count each of them');
      const money = lines.reduce((sum, { costUSD }) => sum + parseUsd(String(costUSD)), 0n);
      assert.equal(
        money,
        entries.reduce((sum, { picodollars }) => sum + picodollars, 0n),
      );
      const written = lines.reduce((sum, { message: { usage } }) => {
        const creation = usage.cache_creation;
        assert.equal(
          usage.cache_creation_input_tokens,
          creation.ephemeral_5m_input_tokens + creation.ephemeral_1h_input_tokens,
        );
        return (
          sum +
          usage.input_tokens +
          usage.output_tokens +
          usage.cache_creation_input_tokens +
          usage.cache_read_input_tokens
        );
      }, 0);
      const used = entries.reduce((sum, { usage }) => {
        const { reasoningOutputTokens: _, webSearchRequests: __, ...counts } = usage;
        return sum + Object.values(counts).reduce((all, count) => all + count, 0);
      }, 0);
      assert.equal(written, used);
    }),
  );
});

test('the cost-equivalent variant comes to the right money at Sonnet 4’s price, to one token', () => {
  fc.assert(
    fc.property(randomLog, (eventLog) => {
      const entries = countedEntries(eventLog);
      const lines = linesOf(entries, 'cost-equivalent').map(({ line }) => JSON.parse(line));
      const tokens = lines.reduce((sum, { message }) => sum + message.usage.input_tokens, 0);
      const money = entries.reduce((sum, { picodollars }) => sum + picodollars, 0n);
      const rest = money - BigInt(tokens) * TOKEN_PICODOLLARS;
      assert.ok(rest >= 0n && rest < TOKEN_PICODOLLARS, `${rest} left`);
    }),
  );
});

test('a file begins with what it is', () => {
  assert.equal(
    summaryLine('projects/-gateway-openrouter/s1.jsonl'),
    '{"type":"summary","summary":"gateway openrouter"}\n',
  );
});
