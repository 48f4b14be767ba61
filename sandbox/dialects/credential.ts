import type { Call } from '../dialect.ts';

/** The one credential that no provider of the sandbox accepts. */
export const INVALID_CREDENTIAL = 'invalid';

/** The token of `Authorization: Bearer`; null without one. */
export function bearerToken(call: Call): string | null {
  const [, token] = /^Bearer[ ]+(\S+)$/i.exec(call.header('authorization') ?? '') ?? [];
  return token ?? null;
}
