import { parentPort } from 'node:worker_threads';

// A counting thread that hangs at every question.
parentPort?.on('message', () => {
  for (;;);
});
