import { type Mark, promptOf, sessionOf } from './marks.ts';
import type { ConversationPlan, RequestPlan } from './plans.ts';

/** A request of a conversation. */
export type TurnMark = Omit<Mark, 'conversation'>;

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

const TEXT = 'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded. ';
const SYSTEM_SENTENCES = 120;
const ANSWER_SENTENCES = 6;

/**
 * What was said so far, and the next request's body. The prompt begins in a way of its own: what conversations share in a
 * provider's cache no router knows.
 */
export class Conversation {
  readonly #number: number;
  readonly #plan: ConversationPlan;
  readonly #said: Message[] = [];

  constructor(number: number, plan: ConversationPlan) {
    this.#number = number;
    this.#plan = plan;
  }

  get session(): string {
    return sessionOf({ conversation: this.#number });
  }

  /** The body of a request. */
  body(mark: TurnMark, { isStream, order }: RequestPlan): string {
    const { model, cacheLife } = this.#plan;
    const breakpoint =
      cacheLife === null ? {} : { cache_control: { type: 'ephemeral', ttl: cacheLife } };
    const text = `${this.#number} ${TEXT.repeat(SYSTEM_SENTENCES)}`;
    const asked = promptOf({ ...mark, conversation: this.#number }, order);
    return JSON.stringify({
      model,
      max_tokens: 4_096,
      stream: isStream,
      system: [{ type: 'text', text, ...breakpoint }],
      messages: [
        ...this.#said,
        { role: 'user', content: [{ type: 'text', text: asked, ...breakpoint }] },
      ],
    });
  }

  /** A request is over, however it ended: the next one tells it again, with an answer. */
  said(mark: TurnMark, { order }: RequestPlan): void {
    this.#said.push(
      { role: 'user', content: promptOf({ ...mark, conversation: this.#number }, order) },
      { role: 'assistant', content: TEXT.repeat(ANSWER_SENTENCES).trim() },
    );
  }
}
