import { decodeEnvelope, encodeEnvelope } from '../bus/codec.ts';
import type { Bus } from '../bus/connect.ts';
import type { RunningRole } from '../bus/lifecycle.ts';
import { answerQuestions } from '../bus/questions.ts';
import { DEFAULT_MODEL_MAPPING, type ModelMapping } from '../config/model-mapping.ts';
import type { RouteDecision, RouteRequest } from '../schemas/envelope.ts';
import type { ProviderId } from '../schemas/provider.ts';
import { queueGroups, subjects } from '../schemas/subjects.ts';
import { candidates, groupByFit } from './candidates.ts';
import { strategyNamed } from './registry.ts';

/** What the router needs to know. */
export interface RouterOptions {
  /** Enabled providers in the configured order. */
  readonly chain: readonly ProviderId[];
  readonly strategy: string;
  /** What the operator says about models; none = the catalog decides. */
  readonly modelMapping?: ModelMapping;
}

/** Answers `gw.v1.route`: which providers to try for a request, best first. Any number may run. */
export function startRouter(bus: Bus, options: RouterOptions): RunningRole {
  const subscription = bus.subscribe(
    subjects.route(),
    (message) => {
      const answers = answerQuestions(message.data, (question) =>
        encodeEnvelope(decide(decodeEnvelope<RouteRequest>(question), options)),
      );
      bus.publish(message.reply, answers);
    },
    { queue: queueGroups.router() },
  );
  return { [Symbol.asyncDispose]: () => subscription.drain() };
}

/** Decides for one request. Pure. */
export function decide(request: RouteRequest, options: RouterOptions): RouteDecision {
  const { name } = strategyNamed(options.strategy);
  const mapping = options.modelMapping ?? DEFAULT_MODEL_MAPPING;
  const groups = groupByFit(candidates(options.chain, request), request, mapping);
  const targets = groups.flat();
  return {
    v: 1,
    targets: targets.map(({ provider }) => ({ provider, account: null, model: null })),
    strategy: name,
    reason: request.pinned === null ? 'availability' : 'pinned',
    waitMs: 0,
    refusal: null,
  };
}
