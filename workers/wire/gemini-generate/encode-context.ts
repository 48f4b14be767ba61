import type { JsonObject } from '../../json.ts';
import type { EncodeContext } from '../../translation/encode.ts';

/** What the encoders of this wire need beside the common context. */
export interface GeminiEncodeContext extends EncodeContext {
  /** `safetySettings` as they are sent; empty = Google's own. */
  readonly safetySettings: readonly JsonObject[];
  /** True where the API takes JSON Schema in fields of its own (v1beta1); else Gemini's subset is sent. */
  readonly usesJsonSchema: boolean;
}

/** Of a model whose name tells nothing: the newest rules are the likelier ones. */
const GENERATION_UNKNOWN = 3;

/** A Gemini model's generation by its name: 2.5, 3, 3.1, 4 …; names that do not tell count as 3. */
export function geminiGeneration(model: string): number {
  const digits = /gemini-(\d{1,2}(?:\.\d{1,2})?)(?!\d)/i.exec(model)?.[1];
  return digits === undefined ? GENERATION_UNKNOWN : Number(digits);
}

/** True from generation 3 on: signatures are enforced, thinking has levels, tools mix, results carry images. */
export function isGemini3(context: GeminiEncodeContext): boolean {
  return geminiGeneration(context.upstreamModel) >= 3;
}
