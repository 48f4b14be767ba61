import { FAILURE_KINDS, type Observation, WINDOW_KINDS } from '../../schemas/observation.ts';
import { isProviderId } from '../../schemas/provider.ts';
import { REQUEST_CLASSES } from '../../schemas/request-class.ts';
import { ATTEMPT_OUTCOMES, NO_USAGE } from '../../schemas/usage.ts';

type Fields = Readonly<Record<string, unknown>>;

const USAGE_FIELDS = Object.keys(NO_USAGE);

/** True when it has every field of its kind in the right type; numbers may be any. By hand: it runs for each one. */
export function isObservation(value: unknown): value is Observation {
  if (!isFields(value)) return false;
  if (typeof value['provider'] !== 'string' || !isProviderId(value['provider'])) return false;
  switch (value['kind']) {
    case 'account':
      return isText(value['account']) && isText(value['fingerprint']);
    case 'reset':
      return value['account'] === null || isText(value['account']);
    case 'started':
      return (
        isAttempt(value) &&
        isRequest(value) &&
        isNumber(value['inputTokensEstimate']) &&
        isNumber(value['maxOutputTokens'])
      );
    case 'answered':
      return isAttempt(value) && isNumber(value['status']) && areReadings(value['windows']);
    case 'ended':
      return isAttempt(value) && isRequest(value) && isEnd(value);
    default:
      return false;
  }
}

function isAttempt(value: Fields): boolean {
  return isText(value['account']) && isText(value['upstreamModel']) && isText(value['attemptId']);
}

function isRequest({ isStream, requestClass, conversation }: Fields): boolean {
  return (
    typeof isStream === 'boolean' &&
    isOneOf(REQUEST_CLASSES, requestClass) &&
    (conversation === null || isText(conversation))
  );
}

function isEnd(value: Fields): boolean {
  const { failure, usage } = value;
  return (
    isOneOf(ATTEMPT_OUTCOMES, value['outcome']) &&
    (failure === null || isOneOf(FAILURE_KINDS, failure)) &&
    isNumberOrNull(value['retryAfterMs']) &&
    isNumberOrNull(value['firstContentMs']) &&
    isNumber(value['durationMs']) &&
    isNumber(value['cacheTtlMs']) &&
    areReadings(value['windows']) &&
    (value['inputTokensEstimate'] === undefined || isNumber(value['inputTokensEstimate'])) &&
    isFields(usage) &&
    USAGE_FIELDS.every((name) => isNumber(usage[name]))
  );
}

function areReadings(value: unknown): boolean {
  return Array.isArray(value) && value.every(isReading);
}

function isReading(value: unknown): boolean {
  return (
    isFields(value) &&
    isOneOf(WINDOW_KINDS, value['kind']) &&
    (value['scope'] === 'model' || value['scope'] === 'account') &&
    isNumberOrNull(value['periodMs']) &&
    isNumberOrNull(value['limit']) &&
    isNumberOrNull(value['remaining']) &&
    isNumberOrNull(value['resetInMs'])
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === 'number';
}

function isOneOf(list: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && list.includes(value);
}
