import type { WindowKind, WindowReading } from '../../schemas/observation.ts';
import { isJsonObject, type JsonObject, objectField, textField } from '../json.ts';
import { numberOf } from './durations.ts';
import { PERIODS, windowReading } from './window-reading.ts';

const PERIOD_WORDS: readonly (readonly [word: string, periodMs: number])[] = [
  ['persecond', PERIODS.second],
  ['perminute', PERIODS.minute],
  ['perhour', PERIODS.hour],
  ['perday', PERIODS.day],
];
/** `aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model`, in a sentence. */
const METRIC = /\.googleapis\.com\/(\w{1,160})/;

/**
 * The windows that Google says are used up: QuotaFailure's violations, else ErrorInfo's quota, else the metric that its
 * sentence names. `error` is the body's `error` object.
 */
export function googleWindows(error: JsonObject, message: string): readonly WindowReading[] {
  const details = Array.isArray(error['details']) ? error['details'].filter(isJsonObject) : [];
  const violations = details
    .flatMap(({ violations: listed }) => (Array.isArray(listed) ? listed : []))
    .filter(isJsonObject)
    .flatMap(windowOfViolation);
  if (violations.length > 0) return violations;
  const infos = details.flatMap((detail) => windowOfInfo(objectField(detail, 'metadata')));
  if (infos.length > 0) return infos;
  const metric = METRIC.exec(message)?.[1];
  return metric === undefined ? [] : [windowOfQuota(metric, null)];
}

function windowOfViolation(violation: JsonObject): readonly WindowReading[] {
  const name = textField(violation, 'quotaId') ?? textField(violation, 'quotaMetric');
  if (name === null) return [];
  const reading = windowOfQuota(name, numberOf(violation['quotaValue']));
  const isOfModel = textField(objectField(violation, 'quotaDimensions'), 'model') !== null;
  return [isOfModel ? { ...reading, scope: 'model' } : reading];
}

function windowOfInfo(metadata: JsonObject): readonly WindowReading[] {
  const name = textField(metadata, 'quota_limit') ?? textField(metadata, 'quota_metric');
  if (name === null) return [];
  return [windowOfQuota(name, numberOf(metadata['quota_limit_value']))];
}

// `GenerateContentInputTokensPerModelPerMinute`, `online_prediction_requests_per_base_model`.
function windowOfQuota(name: string, limit: number | null): WindowReading {
  const words = name.toLowerCase().replaceAll('_', '');
  const isOfModel = words.includes('permodel') || words.includes('perbasemodel');
  return windowReading({
    kind: kindOf(words),
    scope: isOfModel ? 'model' : 'account',
    periodMs: PERIOD_WORDS.find(([word]) => words.includes(word))?.[1] ?? null,
    limit,
    remaining: 0,
  });
}

function kindOf(words: string): WindowKind {
  if (words.includes('inputtoken')) return 'input_tokens';
  if (words.includes('outputtoken')) return 'output_tokens';
  return words.includes('token') ? 'tokens' : 'requests';
}
