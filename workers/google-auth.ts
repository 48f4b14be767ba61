import type { gaxios } from 'google-auth-library';
import { LIMITS } from '../config/limits.ts';
import { GatewayError } from '../schemas/error.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** A token is renewed this long before it expires. */
const EARLY_MS = 300_000;
/** Where an answer names no end. Google's tokens live an hour. */
const LIFETIME_MS_DEFAULT = 3_600_000;
/** Callers whose token was refused take a renewal that is younger than this as theirs. */
const RENEWAL_MS_MIN = 10_000;

/** What a call to Google Cloud needs. */
export interface GoogleCredential {
  readonly token: string;
  /** The project that pays for the quota, when the credential names one. */
  readonly quotaProject: string | null;
}

/** A token and its end, in Unix milliseconds. */
export interface GoogleToken extends GoogleCredential {
  readonly expiresAtMs: number;
}

/** Fetches a fresh token; never a cached one. */
export type GoogleTokenSource = () => Promise<GoogleToken>;

/** The credentials of one process at Google Cloud. */
export interface GoogleCredentials {
  /**
   * The current credential; of many callers one fetches. Throws GatewayError when there is none to be had, the
   * signal's reason when it aborts first.
   */
  current(signal: AbortSignal): Promise<GoogleCredential>;
  /** The token was refused: fetches another. False when that cannot help or fails. */
  renew(): Promise<boolean>;
}

/** Where credentials come from. */
export interface GoogleCredentialsOptions {
  /** A ready token instead of application credentials; it cannot be renewed. */
  readonly accessToken?: string | null;
  readonly source?: GoogleTokenSource;
  nowMs?(): number;
}

/** Creates the credentials; nothing is fetched before the first call. */
export function createGoogleCredentials(options: GoogleCredentialsOptions = {}): GoogleCredentials {
  const { accessToken, source = applicationTokenSource(), nowMs = Date.now } = options;
  if (accessToken) return fixedCredential(accessToken);
  let token: GoogleToken | null = null;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let pending: Promise<GoogleToken> | null = null;
  const fetchToken = async (): Promise<GoogleToken> => {
    try {
      token = await source();
      fetchedAtMs = nowMs();
      return token;
    } catch (cause) {
      throw noCredentials(cause);
    } finally {
      pending = null;
    }
  };
  const refresh = (): Promise<GoogleToken> => {
    pending ??= fetchToken();
    return pending;
  };
  return {
    async current(signal) {
      const known = token;
      if (known === null || nowMs() >= known.expiresAtMs) return waitFor(refresh(), signal);
      // Early, the old token still serves: the request need not wait, nor fail with the renewal.
      if (nowMs() >= known.expiresAtMs - EARLY_MS) void refresh().catch(() => undefined);
      return known;
    },
    async renew() {
      if (nowMs() - fetchedAtMs < RENEWAL_MS_MIN) return true;
      return refresh().then(
        () => true,
        () => false, // the refusal that led here says enough
      );
    },
  };
}

/**
 * Application default credentials: the file of GOOGLE_APPLICATION_CREDENTIALS, gcloud's own, or the metadata server.
 *
 * `keyFile` and `transporter` replace the search and the HTTP client.
 */
export function applicationTokenSource(
  options: { keyFile?: string; transporter?: gaxios.Gaxios } = {},
): GoogleTokenSource {
  const { keyFile, transporter } = options;
  return async () => {
    const { GoogleAuth } = await import('google-auth-library');
    // A new client each time: the library would hand out the token it already has.
    const auth = new GoogleAuth({
      scopes: SCOPE,
      ...(keyFile === undefined ? {} : { keyFilename: keyFile }),
      ...(transporter === undefined ? {} : { clientOptions: { transporter } }),
    });
    const client = await auth.getClient();
    const { token } = await client.getAccessToken();
    if (!token) throw new Error('the credential gave no access token');
    return {
      token,
      quotaProject: client.quotaProjectId ?? null,
      expiresAtMs: client.credentials.expiry_date ?? Date.now() + LIFETIME_MS_DEFAULT,
    };
  };
}

function fixedCredential(token: string): GoogleCredentials {
  return {
    current: async () => ({ token, quotaProject: null }),
    renew: async () => false,
  };
}

async function waitFor(work: Promise<GoogleToken>, signal: AbortSignal): Promise<GoogleToken> {
  const ended = Promise.withResolvers<never>();
  const onAbort = (): void => ended.reject(signal.reason);
  const timer = setTimeout(() => ended.reject(tooSlow()), LIMITS.credentialMsMax);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function noCredentials(cause: unknown): GatewayError {
  return new GatewayError(
    'api_error',
    'no usable Google credentials: set GOOGLE_APPLICATION_CREDENTIALS or VERTEX_ACCESS_TOKEN, or run gcloud auth application-default login',
    { status: 502, cause },
  );
}

function tooSlow(): GatewayError {
  return new GatewayError('timeout_error', 'Google did not issue an access token in time');
}
