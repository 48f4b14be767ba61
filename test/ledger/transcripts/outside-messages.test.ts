/** Messages of transcripts beside those of the gateway: each once, whatever tells of it how often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPriceList } from '../../../config/prices/price-list.ts';
import { MessageIds } from '../../../ledger/transcripts/message-ids.ts';
import { OutsideMessages } from '../../../ledger/transcripts/outside-messages.ts';
import type { TranscriptMessage } from '../../../ledger/transcripts/transcript-message.ts';
import { NO_USAGE } from '../../../schemas/usage.ts';

const DAY_MS = 86_400_000;
const prices = createPriceList();
const everything = { sinceMs: 0, untilMs: Number.POSITIVE_INFINITY };

/** Message number `index` as its last line tells it: 10 + index tokens in, and as many millionths of a dollar. */
function message(index: number, changes: Partial<TranscriptMessage> = {}): TranscriptMessage {
  return {
    messageId: `msg_${index}`,
    requestId: index % 3 === 0 ? null : `req_${index}`,
    model: 'claude-sonnet-5',
    atMs: index * DAY_MS,
    usage: { ...NO_USAGE, inputTokens: 10 + index, outputTokens: 5 },
    picodollars: BigInt(10 + index) * 1_000_000n,
    ...changes,
  };
}

function gatewayWith(indices: Iterable<number>): MessageIds {
  const ids = new MessageIds();
  // The gateway knows every request; a transcript of an old client may not.
  for (const index of indices) ids.add({ messageId: `msg_${index}`, requestId: `req_${index}` });
  return ids;
}

test('each message is counted once, for any overlap of files with each other and with the gateway', () => {
  const index = fc.nat(30);
  fc.assert(
    fc.property(
      fc.array(fc.array(index, { maxLength: 30 }), { maxLength: 5 }),
      fc.uniqueArray(index),
      fc.array(fc.nat(3)),
      (files, throughGateway, growths) => {
        const messages = new OutsideMessages({
          ...everything,
          gateway: gatewayWith(throughGateway),
          prices,
        });
        for (const [number, file] of files.entries()) {
          for (const each of file) {
            // Lines of one message, the counts of which grow.
            const steps = growths[(number + each) % growths.length] ?? 0;
            for (let step = steps; step > 0; step -= 1) {
              messages.add(message(each, { usage: { ...NO_USAGE, inputTokens: 10 - step } }));
            }
            messages.add(message(each));
          }
          messages.endFile();
        }
        const gateway = new Set(throughGateway);
        const seen = [...new Set(files.flat())];
        const outside = seen.filter((each) => !gateway.has(each));
        const { totals } = messages;
        assert.equal(totals.throughGateway, seen.length - outside.length);
        assert.equal(totals.outside.entries, outside.length);
        const tokens = outside.reduce((sum, each) => sum + 10 + each, 0);
        assert.equal(totals.outside.inputTokens, tokens);
        assert.equal(totals.outside.picodollars, BigInt(tokens) * 1_000_000n);
      },
    ),
    { numRuns: 500 },
  );
});

test('a line without a request is the message of one with a request, in either order', () => {
  for (const order of [
    [message(1), message(1, { requestId: null })],
    [message(1, { requestId: null }), message(1)],
  ]) {
    const messages = new OutsideMessages({ ...everything, gateway: gatewayWith([]), prices });
    for (const each of order) {
      messages.add(each);
      messages.endFile();
    }
    assert.equal(messages.totals.outside.entries, 1);
  }
});

test('the same id under another request is another message', () => {
  const messages = new OutsideMessages({ ...everything, gateway: gatewayWith([1]), prices });
  messages.add(message(1));
  messages.add(message(1, { requestId: 'req_elsewhere' }));
  messages.endFile();
  const { throughGateway, outside } = messages.totals;
  assert.deepEqual([throughGateway, outside.entries], [1, 1]);
});

test('messages beyond the range, and those that used nothing, do not count', () => {
  const range = { sinceMs: 2 * DAY_MS, untilMs: 4 * DAY_MS };
  const messages = new OutsideMessages({ ...range, gateway: gatewayWith([]), prices });
  for (const index of [1, 2, 3, 4]) messages.add(message(index));
  messages.add(message(2, { messageId: 'msg_synthetic', usage: NO_USAGE }));
  messages.endFile();
  assert.equal(messages.totals.outside.entries, 2);
});

test('what has no cost is priced by Anthropic’s list, as an estimate, and told by model', () => {
  const messages = new OutsideMessages({ ...everything, gateway: gatewayWith([]), prices });
  const usage = { ...NO_USAGE, inputTokens: 1_000_000, outputTokens: 100_000 };
  const terms = { picodollars: null, usage, atMs: Date.UTC(2026, 10, 22) };
  messages.add(message(1, { ...terms, model: 'claude-sonnet-4-20250514' }));
  messages.add(message(2, { ...terms, model: 'claude-3-5-haiku-20241022' }));
  messages.endFile();
  const { outside, outsideByModel } = messages.totals;
  // 1 M × $0.80 + 0.1 M × $4.
  const haiku = outsideByModel.get('claude-3-5-haiku-20241022')?.picodollars;
  assert.equal(haiku, 1_200_000_000_000n);
  assert.equal(outside.estimatedPicodollars, outside.picodollars);
  assert.equal(outside.estimatedEntries, 2);
  assert.equal(outsideByModel.size, 2);
});
