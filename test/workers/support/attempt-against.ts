import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { usageEventSchema } from '../../../schemas/usage.ts';
import { startUpstream, type UpstreamScript } from '../../support/upstream.ts';
import { type AttemptRecord, anthropicAt, ODD_BODY, startAttempt, workOf } from './attempt.ts';

/** A request that wants one message. */
export const WHOLE_BODY = '{"model":"claude-opus-5-5","max_tokens":1.0}';
/** A whole message, with a number that a re-encoder would change. */
export const MESSAGE =
  '{"id":"msg_1","type":"message","role":"assistant","model":"claude-up","content":[{"type":"text","text":"hi","n":1.0}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}';

/** Sends the head of an event stream. */
export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_up' });
}

/** Runs one attempt against an upstream of its own. */
export async function attemptAgainst(
  script: UpstreamScript,
  body = ODD_BODY,
  options: Parameters<typeof startAttempt>[2] & { deadlineMs?: number } = {},
): Promise<AttemptRecord> {
  await using upstream = await startUpstream(script);
  const { deadlineMs, ...rest } = options;
  const work = workOf(body, deadlineMs === undefined ? {} : { deadlineMs });
  const record = startAttempt(anthropicAt(upstream.origin), work, rest);
  await record.done;
  return record;
}

/** Checks what holds of every attempt: one end or error, one valid usage event, a head before data. */
export function checkOnce({ sink, usage }: AttemptRecord): void {
  assert.equal(sink.ends.length + sink.errors.length, 1);
  assert.equal(usage.length, 1);
  usageEventSchema.parse(usage[0]);
  assert.ok(sink.heads.length <= 1);
  assert.ok(sink.writes.length === 0 || sink.heads.length === 1);
}
