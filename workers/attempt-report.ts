import { conversationOf } from '../schemas/conversation.ts';
import type { HeaderPair } from '../schemas/envelope.ts';
import type { AttemptAnswered, Observation, WindowReading } from '../schemas/observation.ts';
import { NO_USAGE } from '../schemas/usage.ts';
import type { Provider, Work } from './provider.ts';
import { readWindows } from './rate-limits/read-windows.ts';
import type { AttemptNotes, FinalOutcome } from './usage-event.ts';

/** Takes an observation for every router; an urgent one leaves ahead of whatever is sent afterwards. Never throws. */
export type Observe = (observation: Observation, options?: { readonly isUrgent?: boolean }) => void;

/** Takes an observation back; false = it has left. */
export type Withdraw = (observation: Observation) => boolean;

/** Tells the routers about one attempt as it goes on. */
export interface AttemptReport {
  /** The upstream is about to be called; further calls belong to the same attempt. */
  started(): void;
  answered(status: number, headers: readonly HeaderPair[]): void;
  /** Reported also of an attempt that never started, but for token counts, which the worker may have made itself. */
  ended(outcome: FinalOutcome): void;
}

/** What a report needs of its attempt's surroundings. */
export interface ReportContext {
  readonly provider: Provider;
  readonly observe: Observe;
  readonly withdraw: Withdraw;
  nowMs(): number;
}

/** Creates the report; `notes` are those of the attempt. */
export function createAttemptReport(
  { dispatch }: Work,
  notes: AttemptNotes,
  context: ReportContext,
): AttemptReport {
  const { provider, observe, withdraw, nowMs } = context;
  const { facts, requestId, attempt } = dispatch;
  const { isStream, requestClass } = facts;
  const attemptId = `${requestId}.${attempt}`;
  // A token count takes a request of a window and nothing else.
  const isMessage = facts.operation === 'messages';
  const conversation = isMessage ? conversationOf(facts) : null;
  let hasStarted = false;
  let heard: AttemptAnswered | null = null;
  const target = () => ({
    attemptId,
    provider: provider.id,
    account: provider.account,
    upstreamModel: notes.upstreamModel,
  });
  // The end of a quick answer takes along what its headers said.
  const windowsUntold = (): readonly WindowReading[] =>
    heard !== null && withdraw(heard) ? heard.windows : NO_WINDOWS;
  return {
    started() {
      if (hasStarted) return;
      hasStarted = true;
      observe({
        kind: 'started',
        ...target(),
        isStream,
        requestClass,
        conversation,
        inputTokensEstimate: isMessage ? facts.inputTokensEstimate : 0,
        maxOutputTokens: isMessage ? facts.maxOutputTokens : 0,
      });
    },
    answered(status, headers) {
      const windows = readWindows(headers);
      // The end of a refusal follows at once.
      if (status !== 200 && windows.length === 0) return;
      const headersMs = nowMs() - notes.startedAtMs;
      heard = { kind: 'answered', ...target(), status, headersMs, windows };
      observe(heard);
    },
    ended(outcome) {
      if (!isMessage && !hasStarted) return;
      const { startedAtMs, firstContentAtMs, refusal, status } = notes;
      observe(
        {
          kind: 'ended',
          ...target(),
          outcome: outcome.kind,
          failure: outcome.kind === 'failed' ? outcome.failure : null,
          status,
          retryAfterMs: refusal?.retryAfterMs ?? null,
          windows: outcome.kind === 'failed' ? (refusal?.windows ?? NO_WINDOWS) : windowsUntold(),
          firstContentMs: firstContentAtMs === null ? null : firstContentAtMs - startedAtMs,
          durationMs: nowMs() - startedAtMs,
          isStream,
          requestClass,
          conversation,
          cacheTtlMs: isMessage ? facts.cacheTtlMs : 0,
          usage: isMessage ? outcome.summary.usage : NO_USAGE,
          isEstimated: isMessage && outcome.summary.estimated,
          inputTokensEstimate: isMessage ? facts.inputTokensEstimate : 0,
        },
        // Before the failure reaches the ingress, which asks again at once.
        { isUrgent: outcome.kind === 'failed' },
      );
    },
  };
}

const NO_WINDOWS: readonly WindowReading[] = [];
