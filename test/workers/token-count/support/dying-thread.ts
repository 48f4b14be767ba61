import { parentPort } from 'node:worker_threads';

// A counting thread that dies of every question.
parentPort?.on('message', () => process.exit(1));
