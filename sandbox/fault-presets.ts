import type { BehaviourInput } from './behaviour.ts';

/** A fault by name. */
export interface FaultPreset {
  /** The row of the project's fault matrix that it injects. */
  readonly id: string;
  readonly about: string;
  readonly behaviour: BehaviourInput;
}

const status = (code: number, about: string, id: string): FaultPreset => ({
  id,
  about,
  behaviour: { fault: { kind: 'status', status: code } },
});
const stalls = (at: 'before-headers' | 'after-headers' | 'mid-stream'): BehaviourInput => ({
  fault: { kind: 'stall', at },
});
const errorAt = (at: 'first' | 'after-text' | 'after-tool-use'): BehaviourInput => ({
  fault: { kind: 'error-event', at },
});
const wrongBody = (body: 'html' | 'json-to-stream' | 'sse-to-json' | 'empty'): BehaviourInput => ({
  fault: { kind: 'wrong-body', body },
});
const badUsage = (
  what: 'missing' | 'negative' | 'fractional' | 'text' | 'enormous',
): BehaviourInput => ({ fault: { kind: 'bad-usage', what } });

/** The names that `sandbox: fault <name>` and the control API accept. */
export const FAULT_PRESETS = {
  'bad-request': status(400, 'HTTP 400', 'F31'),
  unauthorized: status(401, 'HTTP 401: the credential is refused', 'F32'),
  'no-credit': status(402, 'HTTP 402', 'F30'),
  forbidden: status(403, 'HTTP 403', 'F32'),
  'not-found': status(404, 'HTTP 404: no such model', 'F30'),
  'request-timeout': status(408, 'HTTP 408', 'F30'),
  gone: status(410, 'HTTP 410: the service is retired', 'F30'),
  'too-large': status(413, 'HTTP 413', 'F31'),
  unprocessable: status(422, 'HTTP 422', 'F31'),
  'rate-limit': {
    id: 'F29',
    about: 'HTTP 429 with retry-after: 1',
    behaviour: { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } },
  },
  'rate-limit-no-hint': status(429, 'HTTP 429 without retry-after', 'F29'),
  'server-error': status(500, 'HTTP 500', 'F30'),
  'bad-gateway': {
    id: 'F30',
    about: 'HTTP 502 with an HTML page',
    behaviour: { fault: { kind: 'status', status: 502, shape: 'html' } },
  },
  unavailable: status(503, 'HTTP 503', 'F30'),
  overloaded: status(529, 'HTTP 529', 'F30'),
  'google-array': {
    id: 'F29',
    about: "HTTP 429 in Google's shape inside an array",
    behaviour: { fault: { kind: 'status', status: 429, shape: 'google-array' } },
  },
  reset: {
    id: 'F34',
    about: 'reset before the status line',
    behaviour: { fault: { kind: 'reset' } },
  },
  'reset-reused': {
    id: 'F35',
    about: 'reset before the status line, on a reused connection only',
    behaviour: { fault: { kind: 'reset', when: 'reused-connection' } },
  },
  'stall-before-headers': {
    id: 'F36',
    about: 'never a status line',
    behaviour: stalls('before-headers'),
  },
  'stall-after-headers': {
    id: 'F36',
    about: 'headers, then silence',
    behaviour: stalls('after-headers'),
  },
  'stall-mid-stream': {
    id: 'F37',
    about: 'four events, then silence',
    behaviour: stalls('mid-stream'),
  },
  cut: {
    id: 'F38',
    about: 'socket destroyed after four events',
    behaviour: { fault: { kind: 'cut' } },
  },
  'cut-mid-event': {
    id: 'F38',
    about: 'socket destroyed inside the fifth event',
    behaviour: { fault: { kind: 'cut', isMidEvent: true } },
  },
  'no-message-stop': {
    id: 'F38',
    about: 'a clean end without message_stop',
    behaviour: { fault: { kind: 'no-message-stop' } },
  },
  'error-first': {
    id: 'F40',
    about: 'an error event and nothing else',
    behaviour: errorAt('first'),
  },
  'error-after-text': {
    id: 'F40',
    about: 'an error event inside a text block',
    behaviour: errorAt('after-text'),
  },
  'error-after-tool-use': {
    id: 'F40',
    about: 'an error event after a whole tool_use',
    behaviour: errorAt('after-tool-use'),
  },
  'error-bare-google': {
    id: 'F40',
    about: "Google's error body as data without an event name",
    behaviour: { fault: { kind: 'error-event', at: 'after-text', shape: 'bare-google' } },
  },
  html: { id: 'F39', about: 'HTML with status 200', behaviour: wrongBody('html') },
  'json-to-stream': {
    id: 'F39',
    about: 'JSON where a stream was asked for',
    behaviour: wrongBody('json-to-stream'),
  },
  'sse-to-json': {
    id: 'F39',
    about: 'SSE where JSON was asked for',
    behaviour: wrongBody('sse-to-json'),
  },
  empty: { id: 'F39', about: 'status 200 and no body', behaviour: wrongBody('empty') },
  'invalid-json': {
    id: 'F39',
    about: 'one event of cut JSON',
    behaviour: { fault: { kind: 'invalid-json' } },
  },
  'double-start': {
    id: 'F39',
    about: 'message_start twice',
    behaviour: { fault: { kind: 'double-message', what: 'start' } },
  },
  'spliced-message': {
    id: 'F39',
    about: 'a second whole message inside an open block',
    behaviour: { fault: { kind: 'double-message', what: 'spliced' } },
  },
  'unknown-event': {
    id: 'F39',
    about: 'an event and a delta of unknown types (legal)',
    behaviour: { fault: { kind: 'unknown-event' } },
  },
  'usage-missing': { id: 'F41', about: 'no usage at all', behaviour: badUsage('missing') },
  'usage-negative': { id: 'F41', about: 'negative counts', behaviour: badUsage('negative') },
  'usage-fractional': { id: 'F41', about: 'fractional counts', behaviour: badUsage('fractional') },
  'usage-text': { id: 'F41', about: 'counts as text', behaviour: badUsage('text') },
  'usage-enormous': {
    id: 'F41',
    about: 'counts beyond any integer',
    behaviour: badUsage('enormous'),
  },
  redirect: { id: 'F42', about: 'HTTP 302', behaviour: { fault: { kind: 'redirect' } } },
  'echo-credential': {
    id: 'F42',
    about: 'an error that repeats the credential',
    behaviour: { fault: { kind: 'echo-credential' } },
  },
  'huge-event': {
    id: 'F43',
    about: 'one event of 17 MiB',
    behaviour: { fault: { kind: 'huge-event' } },
  },
  endless: {
    id: 'F43',
    about: 'content without an end',
    behaviour: { fault: { kind: 'endless' } },
  },
  crlf: {
    id: 'F39',
    about: 'CRLF line ends (legal)',
    behaviour: { framing: { lineEnding: 'crlf' } },
  },
  'bare-cr': {
    id: 'F39',
    about: 'CR line ends (legal)',
    behaviour: { framing: { lineEnding: 'cr' } },
  },
  comments: {
    id: 'F39',
    about: 'byte order mark, comments, id and retry lines, split data (legal)',
    behaviour: {
      framing: {
        hasByteOrderMark: true,
        hasComments: true,
        hasExtraFields: true,
        hasSplitData: true,
      },
    },
  },
  'one-byte-writes': {
    id: 'F39',
    about: 'a write per byte (legal)',
    behaviour: { framing: { sliceBytes: 1 } },
  },
  'ping-storm': {
    id: 'F39',
    about: '50 pings before every event (legal)',
    behaviour: { framing: { pingsPerEvent: 50 } },
  },
  padded: {
    id: 'F39',
    about: 'spaces before the last brace (legal)',
    behaviour: { framing: { isPadded: true } },
  },
} as const satisfies Record<string, FaultPreset>;

/** A key of FAULT_PRESETS. */
export type FaultPresetName = keyof typeof FAULT_PRESETS;

/** True for a name in FAULT_PRESETS. */
export function isFaultPresetName(name: string): name is FaultPresetName {
  return Object.hasOwn(FAULT_PRESETS, name);
}
