import type { ProviderSettings } from '../../config/config.ts';
import {
  applicationTokenSource,
  createGoogleCredentials,
  type GoogleCredentials,
} from '../google-auth.ts';

/** An account's credentials: its token, its own file, or those that Google's library finds. */
export function googleCredentialsOf({
  apiKey,
  credentialsFile,
}: ProviderSettings): GoogleCredentials {
  if (credentialsFile === undefined) return createGoogleCredentials({ accessToken: apiKey });
  const source = applicationTokenSource({ keyFile: credentialsFile });
  return createGoogleCredentials({ accessToken: apiKey, source });
}
