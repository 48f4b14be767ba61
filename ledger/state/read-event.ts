import type { Reservation } from '../../schemas/ledger.ts';
import type { Picodollars } from '../../schemas/money.ts';
import { isProviderId, type ProviderId } from '../../schemas/provider.ts';
import { REQUEST_CLASSES, type RequestClass } from '../../schemas/request-class.ts';
import { subjects } from '../../schemas/subjects.ts';
import { ATTEMPT_OUTCOMES, type Usage, type UsageEvent } from '../../schemas/usage.ts';
import type { FinalEntry, LedgerEvent } from './ledger-event.ts';

/** An event that is not what its subject promises. */
export class UnreadableEventError extends Error {}

/** Says what an event cost that came without a cost. Pure. */
export type PriceOf = (event: UsageEvent) => Picodollars;

type Json = Readonly<Record<string, unknown>>;

const RESERVED = subjects.reservedEvent();
const ALERT = subjects.alertEvent();
const USAGE = subjects.usageEvent('' as ProviderId); // the beginning of all of them
const RESERVATIONS_MAX = 1_000;
const TOKENS_MAX = 2 ** 40;
const AMOUNT = /^\d{1,30}$/;
/** What a Date can hold: 8.64e15; a year of five digits spells its periods otherwise. */
const TIME_MS_MAX = Date.UTC(9_999, 11, 31);

/**
 * Reads an event of stream EV: what the schemas say of the fields that a ledger uses, by hand, because a rebuild reads tens of
 * thousands a second.
 *
 * @throws UnreadableEventError when it is no JSON or a field is not what it must be.
 */
export function readEvent(subject: string, data: Uint8Array, priceOf: PriceOf): LedgerEvent {
  if (subject.startsWith(USAGE)) return finalEntry(parsed(data), priceOf);
  if (subject === RESERVED) return reservedEntries(parsed(data));
  if (subject === ALERT) return { kind: 'mark', id: text(parsed(data), 'id') };
  return OTHER;
}

const OTHER = Object.freeze({ kind: 'other' });

function finalEntry(event: Json, priceOf: PriceOf): FinalEntry {
  const startedAtMs = time(event, 'startedAtMs');
  const usage = usageOf(object(event, 'usage'));
  const entry = {
    kind: 'final',
    attemptId: `${text(event, 'requestId')}.${count(event, 'attempt')}`,
    provider: provider(event),
    account: text(event, 'account'),
    upstreamModel: text(event, 'upstreamModel'),
    sessionId: textOrNull(event, 'sessionId'),
    clientKeyId: textOrNull(event, 'clientKeyId'),
    requestClass: event['requestClass'] == null ? null : requestClass(event),
    // A clock that was set back makes no attempt end before it began.
    endedAtMs: Math.min(startedAtMs + Math.max(0, number(event, 'durationMs')), TIME_MS_MAX),
    outcome: oneOf(event, 'outcome', ATTEMPT_OUTCOMES),
    isEstimated: flag(event, 'estimated'),
    usage,
  } as const;
  if (event['cost'] == null) {
    // All that prices depend on was checked, but for what they check themselves.
    const picodollars = priceOf(event as unknown as UsageEvent);
    return { ...entry, picodollars, isUnpriced: true };
  }
  const picodollars = BigInt(amount(object(event, 'cost'), 'picodollars'));
  return { ...entry, picodollars, isUnpriced: false };
}

function reservedEntries(event: Json): LedgerEvent {
  const list = event['reservations'];
  if (!Array.isArray(list) || list.length > RESERVATIONS_MAX) throw bad('reservations');
  return { kind: 'reserved', reservations: list.map(reservation) };
}

function reservation(json: unknown): Reservation {
  if (!isObject(json)) throw bad('reservations');
  return {
    attemptId: text(json, 'attemptId'),
    requestId: text(json, 'requestId'),
    attempt: count(json, 'attempt'),
    provider: provider(json),
    account: text(json, 'account'),
    requestModel: text(json, 'requestModel'),
    upstreamModel: text(json, 'upstreamModel'),
    sessionId: textOrNull(json, 'sessionId'),
    clientKeyId: textOrNull(json, 'clientKeyId'),
    requestClass: requestClass(json),
    startedAtMs: time(json, 'startedAtMs'),
    ...(json['renewedAtMs'] === undefined ? {} : { renewedAtMs: time(json, 'renewedAtMs') }),
    inputTokensEstimate: count(json, 'inputTokensEstimate'),
    picodollarsMax: amount(json, 'picodollarsMax'),
    picodollarsIfLost: amount(json, 'picodollarsIfLost'),
    ...(json['cacheIfLost'] === undefined
      ? {}
      : { cacheIfLost: cacheParts(object(json, 'cacheIfLost')) }),
    priceVersion: text(json, 'priceVersion'),
  };
}

function cacheParts(json: Json): NonNullable<Reservation['cacheIfLost']> {
  return {
    cacheReadInputTokens: count(json, 'cacheReadInputTokens'),
    cacheCreation5mInputTokens: count(json, 'cacheCreation5mInputTokens'),
    cacheCreation1hInputTokens: count(json, 'cacheCreation1hInputTokens'),
  };
}

function usageOf(json: Json): Usage {
  return {
    inputTokens: count(json, 'inputTokens'),
    ...cacheParts(json),
    outputTokens: count(json, 'outputTokens'),
    reasoningOutputTokens: count(json, 'reasoningOutputTokens'),
    webSearchRequests: count(json, 'webSearchRequests'),
  };
}

function parsed(data: Uint8Array): Json {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    throw new UnreadableEventError('no JSON');
  }
  if (!isObject(json)) throw new UnreadableEventError('no object');
  if (json['v'] !== 1) throw bad('v');
  return json;
}

function provider(json: Json): ProviderId {
  const id = text(json, 'provider');
  if (!isProviderId(id)) throw bad('provider');
  return id;
}

function requestClass(json: Json): RequestClass {
  return oneOf(json, 'requestClass', REQUEST_CLASSES);
}

function oneOf<Value>(json: Json, field: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === json[field]);
  if (found === undefined) throw bad(field);
  return found;
}

function amount(json: Json, field: string): string {
  const value = text(json, field);
  if (!AMOUNT.test(value)) throw bad(field);
  return value;
}

function text(json: Json, field: string): string {
  const value = json[field];
  if (typeof value !== 'string') throw bad(field);
  return value;
}

function textOrNull(json: Json, field: string): string | null {
  return json[field] === null ? null : text(json, field);
}

function count(json: Json, field: string): number {
  const value = number(json, field);
  if (!Number.isInteger(value) || value < 0 || value > TOKENS_MAX) throw bad(field);
  return value;
}

function time(json: Json, field: string): number {
  const value = number(json, field);
  if (value < 0 || value > TIME_MS_MAX) throw bad(field);
  return value;
}

function number(json: Json, field: string): number {
  const value = json[field];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(field);
  return value;
}

function flag(json: Json, field: string): boolean {
  const value = json[field];
  if (typeof value !== 'boolean') throw bad(field);
  return value;
}

function object(json: Json, field: string): Json {
  const value = json[field];
  if (!isObject(value)) throw bad(field);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(field: string): UnreadableEventError {
  return new UnreadableEventError(`${field} is missing or not what it must be`);
}
