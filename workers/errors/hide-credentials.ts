import type { HeaderPair, ReplyError } from '../../schemas/envelope.ts';

const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'];
const SCHEME = /^(?:bearer|basic)\s+/i;
const HIDDEN = '***';

/** The credentials among the headers that we sent. Pure. */
export function credentialsIn(sent: readonly HeaderPair[]): readonly string[] {
  return sent
    .filter(([name]) => CREDENTIAL_HEADERS.includes(name.toLowerCase()))
    .map(([, value]) => value.replace(SCHEME, ''))
    .filter((secret) => secret !== '');
}

/**
 * Takes out of a failure whatever repeats a credential that we sent: an upstream may echo it, and its words go to the
 * client verbatim. Pure.
 */
export function hideCredentials(error: ReplyError, secrets: readonly string[]): ReplyError {
  const hide = (text: string): string =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, HIDDEN), text);
  const body = error.body === null ? null : hide(error.body);
  return { ...error, message: hide(error.message), body };
}
