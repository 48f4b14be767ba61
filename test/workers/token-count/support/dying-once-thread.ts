import { parentPort } from 'node:worker_threads';
import type {
  CountAnswer,
  CountQuestion,
} from '../../../../workers/token-count/thread-messages.ts';

// A counting thread that dies of an empty body and says 42 to every other.
parentPort?.on('message', ({ id, body }: CountQuestion) => {
  if (body.length === 0) process.exit(1);
  parentPort?.postMessage({ id, tokens: 42, isKnown: false } satisfies CountAnswer);
});
