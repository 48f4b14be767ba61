/** What of the answer decides beside the server's word. */
export interface FinishContext {
  readonly hasCalls: boolean;
  readonly hasRefusal: boolean;
  readonly stopSequence: string | null;
}

const LENGTH = new Set(['length', 'max_tokens', 'model_length', 'max_output_tokens']);
const FILTERED = new Set(['content_filter', 'safety', 'refusal', 'sensitive', 'blocked']);
const FAILED = new Set(['error', 'network_error', 'abort', 'aborted']);
/** DeepSeek ran out of machines in the middle: the answer is not whole. */
const OVERLOADED = new Set(['insufficient_system_resource']);
const WINDOW_FULL = 'model_context_window_exceeded';

/** The kind of failure that a finish reason reports; null when the answer ended. */
export function failureOf(reason: string): 'api_error' | 'overloaded_error' | null {
  const word = reason.toLowerCase();
  if (OVERLOADED.has(word)) return 'overloaded_error';
  return FAILED.has(word) ? 'api_error' : null;
}

/** True when the answer may end in the middle of anything: what it lacks must not be made up. */
export function isCutShort(reason: string): boolean {
  const word = reason.toLowerCase();
  return LENGTH.has(word) || FILTERED.has(word) || word === WINDOW_FULL;
}

/**
 * Maps a finish reason. A tool call makes it `tool_use` whatever the server says, but for answers cut by their length:
 * servers that report `stop` with calls are many. Unknown reasons end the turn. Source: protocol reference §7.2.
 */
export function stopReasonOf(reason: string, context: FinishContext): string {
  const word = reason.toLowerCase();
  if (LENGTH.has(word)) return 'max_tokens';
  if (word === WINDOW_FULL) return word;
  if (context.hasCalls) return 'tool_use';
  if (context.hasRefusal || FILTERED.has(word)) return 'refusal';
  return context.stopSequence === null ? 'end_turn' : 'stop_sequence';
}
