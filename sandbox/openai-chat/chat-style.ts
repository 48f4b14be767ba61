import type { Answer, InnerError } from '../dialect.ts';
import type { JsonObject } from '../messages/json.ts';
import type { Quirk } from '../quirks.ts';

/** Where a server puts the model's thoughts. */
export type ReasoningPlace = 'reasoning_content' | 'reasoning' | 'details' | 'think-tags' | 'parts';

/** What the providers of this wire write differently. */
export interface ChatStyle {
  readonly completionPrefix: string;
  toolCallPrefix(model: string): string;
  /** Bytes before the first event. */
  readonly preamble: string;
  /** Sent where other wires send an event `ping`. */
  readonly keepAlive: string;
  readonly reasoning: ReasoningPlace;
  /** Oddities that this provider always has. */
  readonly quirks: readonly Quirk[];
  /** True when even the first chunk has content, and every chunk a role beside empty content. */
  readonly hasContentInEveryDelta: boolean;
  /** True when the usage chunk has the last choice once more. */
  readonly repeatsChoiceWithUsage: boolean;
  /** True when every chunk before has `usage: null`. */
  readonly hasNullUsage: boolean;
  /** A chunk before all others; null = none. */
  readonly firstChunk: JsonObject | null;
  /** Fields of every chunk and of a whole completion. */
  completionFields(answer: Answer): JsonObject;
  /** Fields of every choice. */
  choiceFields(answer: Answer, finish: string | null): JsonObject;
  usage(answer: Answer): JsonObject;
  innerError(error: InnerError): string;
}

/** The provider's own oddities and those that the behaviour asks for. */
export function quirksOf({ behaviour }: Answer, style: ChatStyle): ReadonlySet<Quirk> {
  return new Set([...style.quirks, ...behaviour.quirks]);
}

/** Where the thoughts of this answer go. */
export function reasoningPlace(quirks: ReadonlySet<Quirk>, style: ChatStyle): ReasoningPlace {
  if (quirks.has('reasoning-field')) return 'reasoning';
  if (quirks.has('reasoning-content-field')) return 'reasoning_content';
  if (quirks.has('reasoning-think-tags')) return 'think-tags';
  if (quirks.has('reasoning-parts')) return 'parts';
  return style.reasoning;
}
