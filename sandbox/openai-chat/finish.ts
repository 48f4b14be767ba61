import type { StopReason } from '../behaviour.ts';
import type { Answer } from '../dialect.ts';
import type { Quirk } from '../quirks.ts';

const FINISH: Record<StopReason, string> = {
  end_turn: 'stop',
  max_tokens: 'length',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  pause_turn: 'stop',
  refusal: 'content_filter',
  model_context_window_exceeded: 'length',
};

/** The `finish_reason` of an answer. */
export function finishReason({ script }: Answer, quirks: ReadonlySet<Quirk>): string {
  const reason = FINISH[script.stopReason];
  return reason === 'tool_calls' && quirks.has('finish-stop') ? 'stop' : reason;
}
