import type { HeaderPair } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import type { Failure } from './api-failure.ts';
import type { Behaviour } from './behaviour.ts';
import type { EncodedStream } from './event-stream.ts';
import type { Ids } from './ids.ts';
import type { InputCounts } from './prompt-cache.ts';
import type { LimitExceeded, RateWindows } from './rate-windows.ts';
import type { Prompt } from './script/prompt.ts';
import type { Script } from './script/script.ts';

/** What a caller may ask a provider for. */
export type SandboxOperation = 'messages' | 'count_tokens' | 'models';

/** Which call a path is. */
export interface Route {
  readonly operation: SandboxOperation;
  /** The model in the path; null when the body names it. */
  readonly model: string | null;
}

/** What tells whose a request is: two APIs have paths in common, and their headers differ. */
export interface RouteRequest {
  readonly method: string;
  readonly path: string;
  /** The first header of this name (lower case). */
  header(name: string): string | undefined;
}

/** One request of a provider's API, whole. */
export interface Call {
  readonly route: Route;
  readonly path: string;
  readonly query: string;
  /** The first header of this name (lower case). */
  header(name: string): string | undefined;
  readonly body: Buffer;
}

/** An answer that is not streamed. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: string;
}

/** What one answer is made of. */
export interface Answer {
  readonly call: Call;
  readonly prompt: Prompt;
  readonly script: Script;
  readonly input: InputCounts;
  readonly behaviour: Behaviour;
  readonly ids: Ids;
}

/** An error that comes after the status line. */
export interface InnerError {
  /** In Anthropic's words: each wire has its own for it. */
  readonly errorType: string;
  readonly message: string;
}

/** What every answer's headers tell. */
export interface HeaderContext {
  readonly requestId: string;
  readonly windows: RateWindows;
  readonly nowMs: number;
}

/**
 * How one provider's HTTP API looks: its paths, credentials, words and formats. Everything is pure.
 *
 * A new provider is one file in `dialects/` and one line in `registry.ts`. A provider that serves two wires has a
 * dialect for each.
 */
export interface Dialect {
  readonly provider: ProviderId;
  /** The provider's name for people. */
  readonly label: string;
  /** null = the request is not for this wire of this provider. */
  route(request: RouteRequest): Route | null;
  /** Makes the id that `answerHeaders` sends. */
  requestId(ids: Ids): string;
  /** Throws ApiFailure unless the call brings a credential; every one counts, but the literal `invalid`. */
  checkCredential(call: Call): void;
  /** Reads and checks the request as the true API does. Throws ApiFailure. */
  readPrompt(call: Call): Prompt;
  /** Whatever `readPrompt` depends on beside the path and the body's bytes. */
  promptKey(call: Call): string;
  sign(thinking: string): string;
  /** Headers of every answer, good or bad. */
  answerHeaders(context: HeaderContext): HeaderPair[];
  /** An error in the provider's words. */
  errorAnswer(failure: Failure, context: { requestId: string; call: Call }): WholeAnswer;
  /** The refusal of a request over a rate limit. */
  limitFailure(exceeded: LimitExceeded): Failure;
  /** The answer to a streaming request, with any fault that is inside its events. */
  encodeStream(answer: Answer): EncodedStream;
  encodeMessage(answer: Answer): string;
  /** An error in the body of an answer that began well (status 200), as its wire tells it. */
  innerError(error: InnerError): string;
  countTokens(prompt: Prompt): string;
  /** Throws ApiFailure. */
  models(call: Call): string;
}
