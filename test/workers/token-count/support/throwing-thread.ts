import { parentPort } from 'node:worker_threads';

// A counting thread that throws at every question.
parentPort?.on('message', () => {
  throw new Error('broken on purpose');
});
