import { type Logger, pino, stdTimeFunctions } from 'pino';

/** A structured logger. */
export type Log = Logger;

// Second line of defence: the first is that nobody logs these.
const REDACTED_PATHS = [
  'apiKey',
  'password',
  'token',
  'authorization',
  'headers.authorization',
  'headers["x-api-key"]',
  '*.apiKey',
  '*.password',
  '*.token',
  '*.authorization',
];

/** Creates the process's logger: JSON lines on stderr. Prompts and credentials are never logged. */
export function createLog(options: { level: string; name: string }): Log {
  return pino(
    {
      level: options.level,
      name: options.name,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
      serializers: { error: errorFields },
    },
    pino.destination({ dest: 2, sync: false, minLength: 0 }),
  );
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { name: error.name, message: error.message, stack: error.stack };
}
