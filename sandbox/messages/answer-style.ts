import type { Answer } from '../dialect.ts';
import type { JsonObject } from './json.ts';

/** What the providers of this wire write differently. */
export interface AnswerStyle {
  readonly messagePrefix: string;
  readonly toolUsePrefix: string;
  readonly isPadded: boolean;
  /** Bytes before the first event. */
  readonly preamble: string;
  /** The model's name in the answer. */
  responseModel(model: string): string;
  /** Fields that the provider adds to the final usage. */
  extraUsage(answer: Answer): JsonObject;
}
