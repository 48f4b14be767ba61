import assert from 'node:assert/strict';
import type { FaultPresetName } from '../../sandbox/fault-presets.ts';
import { validateAnthropicEvents } from '../support/event-grammar.ts';
import { parseEventStream, type StreamEvent } from '../support/event-parser.ts';
import { type CallResult, type CallTarget, TARGETS } from './call.ts';

/** Asserts what a caller saw of a fault. */
export type Symptom = (result: CallResult, target: CallTarget) => void;

const status =
  (code: number): Symptom =>
  ({ status: seen, failure, headers, text }, { provider }) => {
    assert.equal(seen, code);
    assert.equal(failure, null);
    assert.match(String(headers['content-type']), /^application\/json/);
    assertErrorShape(JSON.parse(text), code, provider);
  };
const events = ({ body }: CallResult): StreamEvent[] => parseEventStream(body);
/** A whole answer. */
export const whole: Symptom = (result) => {
  assert.equal(result.status, 200);
  validateAnthropicEvents(events(result));
};
const endsWithError =
  (before: RegExp): Symptom =>
  (result) => {
    assert.equal(result.failure, null);
    const folded = validateAnthropicEvents(events(result), { mayEndWith: 'error' });
    assert.deepEqual(folded.error?.['error'], { type: 'overloaded_error', message: 'Overloaded' });
    assert.match(events(result).at(-2)?.data ?? '', before);
  };
const cutOff: Symptom = (result) => {
  assert.equal(result.status, 200);
  assert.match(result.failure ?? '', /ECONNRESET|aborted/);
};
const usageOf = (result: CallResult): Record<string, unknown> => {
  const delta = events(result).find(({ event }) => event === 'message_delta');
  return JSON.parse(delta?.data ?? '{}').usage;
};

/** What a caller sees of each fault; stalls and endless answers have tests of their own. */
export const SYMPTOMS: Partial<Record<FaultPresetName, Symptom>> = {
  'bad-request': status(400),
  unauthorized: status(401),
  'no-credit': status(402),
  forbidden: status(403),
  'not-found': status(404),
  'request-timeout': status(408),
  gone: status(410),
  'too-large': status(413),
  unprocessable: status(422),
  'rate-limit': (result, target) => {
    status(429)(result, target);
    assert.equal(result.headers['retry-after'], '1');
  },
  'rate-limit-no-hint': (result, target) => {
    status(429)(result, target);
    assert.equal(result.headers['retry-after'], undefined);
  },
  'server-error': status(500),
  'bad-gateway': (result) => {
    assert.equal(result.status, 502);
    assert.match(String(result.headers['content-type']), /^text\/html/);
    assert.match(result.text, /^<html>/);
  },
  unavailable: status(503),
  overloaded: status(529),
  'google-array': (result) => {
    assert.equal(result.status, 429);
    const [{ error }] = JSON.parse(result.text);
    assert.deepEqual([error.code, error.status], [429, 'RESOURCE_EXHAUSTED']);
  },
  reset: ({ status: seen, failure }) => assert.deepEqual([seen, failure], [0, 'ECONNRESET']),
  'reset-reused': whole,
  cut: (result) => {
    cutOff(result, TARGETS[0] as CallTarget);
    assert.equal(validateAnthropicEvents(events(result), { mayEndWith: 'cut' }).isComplete, false);
    assert.match(result.text, /\n\n$/);
    assert.equal(events(result).length, 4);
  },
  'cut-mid-event': (result) => {
    cutOff(result, TARGETS[0] as CallTarget);
    assert.doesNotMatch(result.text, /\n\n$/);
    assert.equal(events(result).length, 4);
  },
  'no-message-stop': (result) => {
    assert.equal(result.failure, null);
    assert.equal(events(result).at(-1)?.event, 'message_delta');
    validateAnthropicEvents(events(result), { mayEndWith: 'cut' });
  },
  'error-first': (result) => {
    assert.equal(events(result).length, 1);
    const folded = validateAnthropicEvents(events(result), { mayEndWith: 'error' });
    assert.ok(folded.error);
  },
  'error-after-text': endsWithError(/text_delta/),
  'error-after-tool-use': endsWithError(/content_block_stop/),
  'error-bare-google': (result) => {
    const last = events(result).at(-1);
    assert.equal(last?.event, null);
    assert.equal(JSON.parse(last?.data ?? '').error.status, 'UNAVAILABLE');
  },
  html: ({ status: seen, headers, text }) => {
    assert.equal(seen, 200);
    assert.match(String(headers['content-type']), /^text\/html/);
    assert.match(text, /^<!doctype html>/);
  },
  'json-to-stream': ({ status: seen, headers, text }) => {
    assert.equal(seen, 200);
    assert.match(String(headers['content-type']), /^application\/json/);
    assert.equal(JSON.parse(text).type, 'message');
  },
  'sse-to-json': whole,
  empty: ({ status: seen, body, failure }) =>
    assert.deepEqual([seen, body.length, failure], [200, 0, null]),
  'invalid-json': (result) => {
    const broken = events(result).filter(({ data }) => !isJson(data));
    assert.equal(broken.length, 1);
  },
  'double-start': (result) => {
    const starts = events(result).filter(({ event }) => event === 'message_start');
    assert.equal(starts.length, 2);
    assert.equal(starts[0]?.data.replaceAll(' ', ''), starts[1]?.data.replaceAll(' ', ''));
    assert.throws(() => validateAnthropicEvents(events(result)), /message_start comes once/);
  },
  'spliced-message': (result) => {
    const names = events(result).map(({ event }) => event);
    assert.equal(names.filter((name) => name === 'message_stop').length, 2);
    assert.equal(names[names.lastIndexOf('message_start') - 1], 'content_block_delta');
  },
  'unknown-event': (result) => {
    assert.throws(() => validateAnthropicEvents(events(result)), /unknown/);
    validateAnthropicEvents(events(result), { allowsUnknown: true });
  },
  'usage-missing': (result) => {
    assert.equal(usageOf(result), undefined);
    assert.doesNotMatch(result.text, /"usage"/);
  },
  'usage-negative': (result) => assert.ok(Number(usageOf(result)['output_tokens']) < 0),
  'usage-fractional': (result) => {
    assert.equal(Number(usageOf(result)['output_tokens']) % 1, 0.5);
  },
  'usage-text': (result) => assert.equal(typeof usageOf(result)['output_tokens'], 'string'),
  'usage-enormous': (result) => assert.ok(Number(usageOf(result)['output_tokens']) > 1e299),
  redirect: ({ status: seen, headers }) =>
    assert.deepEqual([seen, headers['location']], [302, '/_sandbox/redirected']),
  'echo-credential': ({ status: seen, text }, target) => {
    assert.equal(seen, 400);
    const credential = target.headers['x-api-key'] ?? target.headers['authorization'] ?? '?';
    assert.ok(text.includes(credential));
  },
  'huge-event': (result) => {
    const largest = Math.max(...events(result).map(({ data }) => data.length));
    assert.ok(largest > 17 * 1024 * 1024);
  },
  crlf: (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.match(result.text, /event: message_start\r\ndata: .*\r\n\r\n/);
  },
  'bare-cr': (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.match(result.text, /event: message_start\rdata: .*\r\r/);
  },
  comments: (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.equal(result.body.subarray(0, 3).toString('hex'), 'efbbbf');
    assert.match(result.text, /: sandbox\nevent: ping\nid: 1\nretry: 3000\ndata: \{\ndata: /);
  },
  'one-byte-writes': (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.ok(result.pieces.length > result.body.length / 4, `${result.pieces.length} pieces`);
  },
  'ping-storm': (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.ok(validateAnthropicEvents(events(result)).pings > 500);
  },
  padded: (result) => {
    whole(result, TARGETS[0] as CallTarget);
    assert.match(result.text, / \}\n\n/);
  },
};
function assertErrorShape(body: unknown, code: number, provider: string): void {
  const { error, type, request_id: requestId } = body as Record<string, unknown>;
  const { message, code: own, status: word, type: kind } = error as Record<string, unknown>;
  assert.equal(typeof message, 'string');
  if (provider === 'anthropic' || (provider === 'vertex-claude' && code === 529)) {
    assert.equal(type, 'error');
    assert.match(String(requestId), /^req_/);
    assert.match(String(kind), /_error$|^request_too_large$/);
  } else {
    assert.equal(own, code);
    assert.equal(type, undefined);
    assert.equal(typeof word, provider === 'vertex-claude' ? 'string' : 'undefined');
  }
}

/** True for text that parses. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
