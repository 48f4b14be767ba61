import assert from 'node:assert/strict';
import type { AnswerSummary } from '../../../workers/wire.ts';

/** Checks that two decodings say the same: ids of messages are drawn anew for each. */
export function assertSameSummary(one: AnswerSummary, other: AnswerSummary): void {
  assert.deepEqual({ ...one, messageId: null }, { ...other, messageId: null });
  assert.equal(one.messageId === null, other.messageId === null);
  assert.match(one.messageId ?? 'msg_0', /^msg_[0-9a-f]+$/);
}
