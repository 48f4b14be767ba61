import type { ToolState } from '../../schemas/tool-state.ts';
import type { Warnings } from './warnings.ts';

/** How a model is told to think. */
export type ThinkingStyle = 'adaptive' | 'budget' | 'level' | 'effort' | 'none';

/** What an encoder must know of the model it writes to; null = not known. */
export interface ModelFacts {
  readonly maxOutputTokens: number | null;
  readonly contextWindowTokens: number | null;
  readonly hasImages: boolean;
  readonly hasPdf: boolean;
  readonly hasTools: boolean;
  readonly hasStructuredOutput: boolean;
  readonly hasPrefill: boolean;
  readonly thinking: ThinkingStyle;
  /** Efforts the model accepts, weakest first; empty = not known. */
  readonly effortLevels: readonly string[];
}

/** What every encoder of a request works with. */
export interface EncodeContext {
  /** Provider id: named in errors and warnings, and in signatures of ours that this provider may see again. */
  readonly providerId: string;
  readonly upstreamModel: string;
  readonly model: ModelFacts;
  readonly isStream: boolean;
  readonly sessionId: string | null;
  /** What the provider must see again with a tool call, by `tool_use` id; missing = lost or another provider's. */
  readonly toolStates: ReadonlyMap<string, ToolState>;
  readonly warnings: Warnings;
}

/** A request in a provider's wire. */
export interface EncodedRequest {
  /** JSON. */
  readonly body: string;
  /** Tools that were respelled: the provider's name → the client's. */
  readonly toolNames: ReadonlyMap<string, string>;
}
