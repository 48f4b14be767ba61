import { ApiFailure } from '../api-failure.ts';

const LEARN_MORE =
  'Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini';

/** A 400 INVALID_ARGUMENT. */
export function invalidArgument(message: string): ApiFailure {
  return new ApiFailure({ status: 400, message });
}

/** A 400 that starts and ends as Vertex AI's own checks do. */
export function unableToSubmit(reason: string): ApiFailure {
  return invalidArgument(`Unable to submit request because ${reason} ${LEARN_MORE}`);
}
