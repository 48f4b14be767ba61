import type { PriceList } from '../config/prices/price-list.ts';
import type { ToolState } from '../schemas/tool-state.ts';
import { expectedPromptOf } from './prompt-estimate.ts';
import type { Provider, Work } from './provider.ts';
import type { AttemptNotes } from './usage-event.ts';
import type { DecodeContext } from './wire.ts';

/** What a context is made with beside its attempt. */
export interface DecodeSurroundings {
  readonly provider: Provider;
  readonly prices: PriceList;
  remember(toolUseId: string, state: ToolState): void;
}

/** What the upstream's answer to an attempt is decoded with, before its provider has said what it translated. */
export function decodeContextOf(
  { dispatch }: Work,
  notes: AttemptNotes,
  { provider, prices, remember }: DecodeSurroundings,
): DecodeContext {
  const { requestModel, upstreamModel, startedAtMs } = notes;
  const target = { provider: provider.id, upstreamModel, startedAtMs };
  return {
    providerId: provider.id,
    requestId: dispatch.requestId,
    requestModel,
    inputTokensEstimate: dispatch.facts.inputTokensEstimate,
    expectedPrompt: expectedPromptOf(dispatch, target, prices),
    upstreamModel,
    thinkingDisplay: 'shown',
    toolNames: NO_NAMES,
    remember,
  };
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();
