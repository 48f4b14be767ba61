import { ApiFailure } from '../api-failure.ts';
import type { Call } from '../dialect.ts';
import { bearerToken, INVALID_CREDENTIAL } from './credential.ts';

/** Throws ApiFailure in Google's words unless the call brings a token. */
export function checkGoogleCredential(call: Call): void {
  const token = bearerToken(call);
  if (token === null) {
    throw new ApiFailure({
      status: 401,
      message:
        'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    });
  }
  if (token === INVALID_CREDENTIAL) {
    throw new ApiFailure({
      status: 401,
      message:
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
    });
  }
}
