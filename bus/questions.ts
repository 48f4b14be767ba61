import { subjects } from '../schemas/subjects.ts';
import type { Bus, BusSubscription } from './connect.ts';
import {
  envelopeIn,
  FRAME,
  type Frame,
  type Payload,
  parcelOfFrames,
  readFrames,
} from './frames.ts';
import type { Parcel } from './parcel.ts';

/**
 * Questions of one ingress, e.g. to its routers. Who can answer in this process does so at once; else those of one turn of
 * the event loop travel in one message.
 */
export interface Questions {
  /**
   * Resolves with the answer; null when nobody answers: at once without responders, else after `waitMs`. Both are envelopes;
   * who answers in this process gets the very object and gives the very object.
   */
  ask(question: object, waitMs: number): Promise<unknown>;
  /** Takes an answer: the frame's sequence number is the question's place in its message. */
  answered(batchId: string, place: number, payload: Payload): void;
  /** Nobody listens: every question of the message is answered with null. */
  unanswered(batchId: string): void;
  /** Answers with null whatever is open. */
  close(): void;
}

type Answer = (answer: unknown) => void;

/** Answers one question. What it throws leaves the question unanswered. */
export type Answerer = (question: unknown) => object;

interface Local {
  readonly answer: Answerer;
  onFailed(error: unknown): void;
}

/** Who answers in the process of a connection, by subject. */
const locals = new WeakMap<Bus, Map<string, Local>>();

interface Batch {
  readonly id: string;
  readonly questions: Frame[];
  readonly answers: (Answer | null)[];
  timer: NodeJS.Timeout | null;
}

/** More of them make a second message. */
const BATCH_MAX = 64;

/** Creates the questions to one subject; answers come back under `subjects.reply(ingressId, batchId)`. */
export function createQuestions(
  bus: Bus,
  { ingressId, subject }: { ingressId: string; subject: string },
): Questions {
  const open = new Map<string, Batch>();
  let gathering: Batch | null = null;
  let asked = 0;
  const end = (batch: Batch): void => {
    if (batch.timer !== null) clearTimeout(batch.timer);
    open.delete(batch.id);
    for (const answer of batch.answers) answer?.(null);
  };
  const send = (batch: Batch, waitMs: number): void => {
    if (gathering === batch) gathering = null;
    if (!open.has(batch.id)) return; // closed meanwhile
    batch.timer = setTimeout(end, waitMs, batch);
    bus.publish(subject, parcelOfFrames(batch.questions), subjects.reply(ingressId, batch.id));
  };
  const gather = (waitMs: number): Batch => {
    if (gathering !== null && gathering.questions.length < BATCH_MAX) return gathering;
    asked += 1;
    const batch: Batch = { id: `q${asked}`, questions: [], answers: [], timer: null };
    open.set(batch.id, batch);
    gathering = batch;
    setImmediate(send, batch, waitMs);
    return batch;
  };
  return {
    ask(question, waitMs) {
      const local = locals.get(bus)?.get(subject);
      if (local !== undefined) return Promise.resolve(answerLocally(local, question));
      return new Promise((resolve) => {
        const batch = gather(waitMs);
        batch.questions.push({
          type: FRAME.ROUTE,
          sequence: batch.questions.length,
          payload: question,
        });
        batch.answers.push(resolve);
      });
    },
    answered(batchId, place, payload) {
      const batch = open.get(batchId);
      const answer = batch?.answers[place];
      if (batch === undefined || answer == null) return;
      const content = envelopeIn(payload);
      batch.answers[place] = null;
      answer(content);
      if (batch.answers.every((waiting) => waiting === null)) end(batch);
    },
    unanswered(batchId) {
      const batch = open.get(batchId);
      if (batch !== undefined) end(batch);
    },
    close() {
      for (const batch of [...open.values()]) end(batch);
    },
  };
}

function answerLocally({ answer, onFailed }: Local, question: object): unknown {
  try {
    return answer(question);
  } catch (error) {
    onFailed(error);
    return null;
  }
}

/** Answers the questions to a subject, those of this process without the way over the bus. Of several programs one answers. */
export function serveQuestions(
  bus: Bus,
  service: Local & { readonly subject: string; readonly queue: string },
): BusSubscription {
  const { subject, queue, answer, onFailed } = service;
  const here = locals.get(bus) ?? new Map<string, Local>();
  locals.set(bus, here);
  const local: Local = { answer, onFailed };
  here.set(subject, local);
  const subscription = bus.subscribe(
    subject,
    (message) => bus.publish(message.reply, answerQuestions(message.data, answer, onFailed)),
    { queue },
  );
  const leave = (): void => {
    if (here.get(subject) === local) here.delete(subject);
  };
  return {
    drain() {
      leave();
      return subscription.drain();
    },
    unsubscribe() {
      leave();
      subscription.unsubscribe();
    },
  };
}

/**
 * Answers every question of a message made by `ask`, in one message. One that cannot be answered leaves only its own place
 * empty: what `answer` throws goes to `onFailed`. Throws RangeError for bytes that are no such message.
 */
export function answerQuestions(
  message: Uint8Array,
  answer: Answerer,
  onFailed: (error: unknown) => void,
): Parcel {
  const answers: Frame[] = [];
  readFrames(message, (type, sequence, payload) => {
    if (type !== FRAME.ROUTE) return;
    try {
      answers.push({ type, sequence, payload: answer(envelopeIn(payload)) });
    } catch (error) {
      onFailed(error);
    }
  });
  return parcelOfFrames(answers);
}
