import { z } from 'zod';
import { LIMITS } from '../../config/limits.ts';
import { WINDOW_KINDS } from '../../schemas/observation.ts';
import { providerIdSchema } from '../../schemas/provider.ts';
import { fieldOf, readEntries } from './snapshot-entries.ts';
import type { OpenAttempt } from './window-attempts.ts';
import { COUNTED_PERIOD_MS, type WindowScope } from './window-scope.ts';
import type { WindowState } from './window-state.ts';

const amount = z.number().min(0);
const ms = z.number();
const count = z.number().int().min(0);

const publishedSchema = z.object({
  limit: amount,
  isLimitSaid: z.boolean(),
  remaining: amount.nullable(),
  atMs: ms,
  resetAtMs: ms,
  sequence: count,
  spent: amount,
});
const learnedSchema = z.object({
  limit: z.number().min(1),
  taughtAtMs: ms,
  periodStartMs: ms,
  peak: amount,
});
const windowSchema = z.object({
  kind: z.enum(WINDOW_KINDS),
  periodMs: z.number().min(1),
  counts: z.array(z.tuple([z.number().int(), amount])).max(32),
  published: publishedSchema.nullable(),
  learned: learnedSchema.nullable(),
  closedUntilMs: ms.nullable(),
});
const scopeSchema = z.object({
  provider: providerIdSchema,
  account: z.string(),
  upstreamModel: z.string().nullable(),
  usedAtMs: ms,
  closedUntilMs: ms.nullable(),
  windows: z.array(windowSchema).max(LIMITS.rateWindowsPerTargetMax),
});
/** The windows of one account and model, as JSON. */
export type ScopeJson = z.infer<typeof scopeSchema>;

// Of every snapshot the largest part, so without names.
const attemptSchema = z
  .tuple([z.string(), providerIdSchema, z.string(), z.string(), z.boolean()])
  .rest(amount)
  .transform(
    ([attemptId, provider, account, upstreamModel, isWaiting, ...numbers]): OpenAttempt => {
      const [startedAtMs = 0, sequence = 0, inputTokens = 0, outputTokens = 0] = numbers;
      return {
        attemptId,
        target: { provider, account, upstreamModel },
        isWaiting,
        startedAtMs,
        sequence,
        reserved: { requests: 1, inputTokens, outputTokens },
      };
    },
  );

/** Everything of a snapshot that could be read. Times are in the writer's clock, in which `atMs` was its moment. */
export interface WindowsJson {
  readonly atMs: number;
  readonly sequence: number;
  readonly scopes: readonly ScopeJson[];
  readonly attempts: readonly OpenAttempt[];
}

/** The windows used last and the newest attempts, as JSON. */
export function windowsToJson(
  scopes: Iterable<WindowScope>,
  attempts: { newest(countMax: number): readonly OpenAttempt[]; sequence: number },
  atMs: number,
): unknown {
  const all = [...scopes].flatMap((scope) => scopeToJson(scope, atMs) ?? []);
  return {
    atMs,
    sequence: attempts.sequence,
    scopes: all.slice(-LIMITS.snapshotRateScopesMax),
    attempts: attempts
      .newest(LIMITS.snapshotAttemptsMax)
      .map(({ attemptId, target, isWaiting, startedAtMs, sequence, reserved }) => [
        ...[attemptId, target.provider, target.account, target.upstreamModel, isWaiting],
        ...[startedAtMs, sequence, reserved.inputTokens, reserved.outputTokens],
      ]),
  };
}

/** Reads what `windowsToJson` wrote; nonsense is left out, entry by entry. Null = nothing can be read without its moment. */
export function windowsFromJson(json: unknown): WindowsJson | null {
  const atMs = fieldOf(json, 'atMs');
  if (typeof atMs !== 'number' || !Number.isFinite(atMs)) return null;
  const sequence = count.safeParse(fieldOf(json, 'sequence'));
  return {
    atMs,
    sequence: sequence.success ? sequence.data : 0,
    scopes: readEntries(fieldOf(json, 'scopes'), scopeSchema),
    attempts: readEntries(fieldOf(json, 'attempts'), attemptSchema),
  };
}

/** Gives a fresh scope what was written about it. */
export function loadScope(scope: WindowScope, json: ScopeJson): void {
  scope.usedAtMs = json.usedAtMs;
  scope.closedUntilMs = json.closedUntilMs ?? Number.NEGATIVE_INFINITY;
  for (const { kind, periodMs, counts, ...rest } of json.windows) {
    const window = scope.window(kind, periodMs);
    if (window.kind !== kind || window.periodMs !== periodMs) continue;
    window.counter.load(counts);
    window.published = rest.published;
    window.learned = rest.learned;
    window.closedUntilMs = rest.closedUntilMs ?? Number.NEGATIVE_INFINITY;
  }
}

function scopeToJson(scope: WindowScope, atMs: number): ScopeJson | null {
  const windows = scope.windows.map((window) => windowToJson(window, atMs));
  const closedUntilMs = closure(scope.closedUntilMs, atMs);
  const worth = windows.filter(
    ({ periodMs, counts, ...rest }) =>
      counts.length > 0 ||
      rest.published !== null ||
      rest.learned !== null ||
      rest.closedUntilMs !== null ||
      // The others are there from the beginning.
      scope.place.upstreamModel === null ||
      periodMs !== COUNTED_PERIOD_MS,
  );
  const isRecent = scope.open.size > 0 || atMs - scope.usedAtMs <= LIMITS.healthModelMs;
  if (worth.length === 0 && closedUntilMs === null && !isRecent) return null;
  return { ...scope.place, usedAtMs: scope.usedAtMs, closedUntilMs, windows: worth };
}

function windowToJson(window: WindowState, atMs: number): ScopeJson['windows'][0] {
  const { kind, periodMs, published, learned } = window;
  return {
    kind,
    periodMs,
    counts: window.counter.entries(atMs),
    published: published === null ? null : { ...published },
    learned: learned === null ? null : { ...learned },
    closedUntilMs: closure(window.closedUntilMs, atMs),
  };
}

// One that was over long ago is none.
function closure(closedUntilMs: number, atMs: number): number | null {
  return atMs - closedUntilMs < LIMITS.rateReopenMs ? closedUntilMs : null;
}
