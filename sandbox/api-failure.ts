import type { ErrorShape } from './fault.ts';

/** What an error answer says, before a dialect puts it into its provider's words. */
export interface Failure {
  readonly status: number;
  /** Anthropic's error type; absent = the one of the status. */
  readonly type?: string;
  /** Absent = what the provider says to this status. */
  readonly message?: string;
  /** Absent = the provider's own shape. */
  readonly shape?: ErrorShape;
  /** OpenAI's name of the field at fault. */
  readonly param?: string | null;
  /** OpenAI's `code`, Azure's `code`, OpenRouter's `error_type`. */
  readonly code?: string | null;
  readonly retryAfterSeconds?: number | null;
  /** True when the model's own API refused it, behind a provider that only passes it on. */
  readonly isFromModel?: boolean;
}

/** A request that the true API would refuse. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly failure: Failure;

  constructor(failure: Failure & { readonly message: string }) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A 400 in the words of the Messages API. */
export function invalidRequest(message: string): ApiFailure {
  return new ApiFailure({ status: 400, message, isFromModel: true });
}
