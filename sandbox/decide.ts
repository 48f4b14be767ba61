import { hash } from 'node:crypto';
import type { HeaderPair } from '../schemas/envelope.ts';
import { ApiFailure, type Failure } from './api-failure.ts';
import type { Behaviour } from './behaviour.ts';
import { parseBehaviour } from './control.ts';
import type { Answer, Call, Dialect, WholeAnswer } from './dialect.ts';
import type { EncodedStream } from './event-stream.ts';
import { damageMessage, faultAnswer } from './fault-answer.ts';
import { type InputCounts, uncached } from './prompt-cache.ts';
import { compose, promptDirectives } from './script/compose.ts';
import type { Prompt } from './script/prompt.ts';
import type { SandboxState } from './state.ts';

/** What a request is answered with. */
export interface Decision {
  readonly behaviour: Behaviour;
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  /** One of the two is there. */
  readonly stream: EncodedStream | null;
  readonly body: string | null;
  /** null = the request was refused before its prompt counted. */
  readonly input: InputCounts | null;
  readonly model: string | null;
  /** Output tokens of a whole body; a stream counts its own. */
  readonly outputTokens: number;
}

/** A request and everything that its answer depends on. */
export interface Question {
  readonly dialect: Dialect;
  readonly call: Call;
  readonly requestId: string;
  readonly bodySha256: string;
  readonly behaviour: Behaviour;
  readonly state: SandboxState;
}

type Content = Omit<Decision, 'behaviour' | 'headers'> & {
  readonly headers: readonly HeaderPair[];
};

/** Decides the answer: a fault of the whole answer first, then the true API's checks in their order, then content. */
export function decide(question: Question): Decision {
  const { dialect, state, requestId } = question;
  let { behaviour } = question;
  let content: Content;
  try {
    const early = earlyFault(question, behaviour);
    if (early === null) dialect.checkCredential(question.call);
    if (early !== null) {
      content = early;
    } else if (question.call.route.operation === 'models') {
      content = wholeContent(okJson(dialect.models(question.call)));
    } else {
      const prompt = state.prompt(dialect, question.call, question.bodySha256);
      if (question.call.route.operation === 'messages') {
        behaviour = directed(behaviour, prompt, state);
      }
      content = earlyFault(question, behaviour) ?? promptContent(question, prompt, behaviour);
    }
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    content = wholeContent(refusal(question, error.failure));
  }
  const context = { requestId, windows: state.windows(dialect.provider), nowMs: state.nowMs() };
  const headers = [...content.headers, ...dialect.answerHeaders(context)];
  return { ...content, behaviour, headers };
}

/** An error answer with the headers that every answer has. */
export function decideFailure(question: Question, failure: Failure): Decision {
  const content = wholeContent(refusal(question, failure));
  return { ...content, behaviour: question.behaviour };
}

function earlyFault(question: Question, { fault }: Behaviour): Content | null {
  const answer = fault === null ? null : faultAnswer(fault, question);
  return answer === null ? null : wholeContent(answer);
}

// A directive's fault is played once per prompt, so that the caller's next try gets through.
function directed(behaviour: Behaviour, prompt: Prompt, state: SandboxState): Behaviour {
  const directives = promptDirectives(prompt);
  const quirks = directives.flatMap((one) => (one.kind === 'quirks' ? one.names : []));
  const odd =
    quirks.length === 0 ? behaviour : { ...behaviour, quirks: [...behaviour.quirks, ...quirks] };
  const directive = directives.find(({ kind }) => kind === 'fault');
  if (directive?.kind !== 'fault') return odd;
  // A caller may add to the prompt when it tries again; what stood before the directive stays.
  const { conversation, answerCount, userText } = prompt;
  const before = userText.slice(0, directive.at);
  const key = hash('sha256', JSON.stringify([conversation, answerCount, before, directive.name]));
  if (!directive.isRepeated && !state.isFirst(key)) return odd;
  const { fault, framing } = parseBehaviour({ preset: directive.name });
  return { ...odd, fault, framing };
}

function promptContent(question: Question, prompt: Prompt, behaviour: Behaviour): Content {
  const { dialect, call, state } = question;
  if (call.route.operation === 'count_tokens') {
    return { ...wholeContent(okJson(dialect.countTokens(prompt))), model: prompt.model };
  }
  const windows = state.windows(dialect.provider);
  const exceeded = windows.take(prompt.inputTokens, state.nowMs());
  if (exceeded !== null) return wholeContent(refusal(question, dialect.limitFailure(exceeded)));
  const input = accountInput(question, prompt, behaviour);
  const script = compose(behaviour, prompt, dialect);
  windows.spend(script.outputTokens, state.nowMs());
  const answer: Answer = { call, prompt, script, input, behaviour, ids: state.ids };
  const facts = { status: 200, input, model: prompt.model, outputTokens: script.outputTokens };
  if (isStreamed(prompt, behaviour)) {
    return { ...facts, headers: SSE, stream: dialect.encodeStream(answer), body: null };
  }
  const body = damageMessage(dialect.encodeMessage(answer), behaviour.fault, dialect);
  return { ...facts, headers: JSON_TYPE, stream: null, body };
}

function isStreamed(prompt: Prompt, { fault }: Behaviour): boolean {
  if (fault?.kind !== 'wrong-body') return prompt.isStream;
  return prompt.isStream ? fault.body !== 'json-to-stream' : fault.body === 'sse-to-json';
}

function accountInput(
  { dialect, state }: Question,
  prompt: Prompt,
  behaviour: Behaviour,
): InputCounts {
  const { cacheMinimumTokens: minimumTokens } = behaviour;
  if (minimumTokens === null) return uncached(prompt);
  const scope = `${dialect.provider} ${prompt.model}`;
  return state.promptCache.account(prompt, { scope, minimumTokens, nowMs: state.nowMs() });
}

function refusal({ dialect, requestId, call }: Question, failure: Failure): WholeAnswer {
  return dialect.errorAnswer(failure, { requestId, call });
}

function wholeContent({ status, headers, body }: WholeAnswer): Content {
  return { status, headers, body, stream: null, input: null, model: null, outputTokens: 0 };
}

function okJson(body: string): WholeAnswer {
  return { status: 200, headers: JSON_TYPE, body };
}

const JSON_TYPE: readonly HeaderPair[] = [['content-type', 'application/json']];
const SSE: readonly HeaderPair[] = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  ['cache-control', 'no-cache'],
];
