import { parentPort } from 'node:worker_threads';
import { BodyCounter } from './body-counter.ts';
import type { CountAnswer, CountQuestion } from './thread-messages.ts';

const counter = new BodyCounter();

parentPort?.on('message', ({ id, model, body }: CountQuestion) => {
  const answer: CountAnswer = { id, ...counter.count(body, model) };
  parentPort?.postMessage(answer);
});
