import { timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/hosts.ts';
import { GatewayError } from '../schemas/error.ts';
import { credentialsOf, sha256 } from './client-auth.ts';
import { checkHost } from './host-guard.ts';

/** Lets an administrator's request pass. Throws GatewayError 401 or 403. */
export type AdminAuth = (header: (name: string) => string | undefined) => void;

/** What a proxy in front of us adds. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Makes the check of administrators: ADMIN_API_KEY as `x-api-key` or as `Authorization: Bearer`. Without such a key only
 * this machine may administer: the gateway listens on loopback, and no proxy publishes it. Client keys count for nothing.
 */
export function createAdminAuth(
  config: Pick<Config, 'adminApiKey' | 'host' | 'allowedHosts'>,
): AdminAuth {
  const { adminApiKey, host, allowedHosts } = config;
  if (adminApiKey !== null) return keyAuth(adminApiKey);
  return (header) => {
    const isPublished =
      !isLoopback(host) || PROXY_HEADERS.some((name) => header(name) !== undefined);
    if (isPublished) {
      throw new GatewayError(
        'permission_error',
        'administration from other machines needs a key: set ADMIN_API_KEY and send it as x-api-key',
      );
    }
    // Where client keys are set any name of the gateway will do, and nothing but its name keeps a page out here.
    checkHost({ header }, { host, allowed: allowedHosts });
  };
}

function keyAuth(adminApiKey: string): AdminAuth {
  const hash = sha256(adminApiKey);
  return (header) => {
    const credentials = credentialsOf(header);
    if (credentials.some((credential) => timingSafeEqual(sha256(credential), hash))) return;
    const reason =
      credentials.length === 0
        ? 'this needs ADMIN_API_KEY, as x-api-key or Authorization: Bearer'
        : 'invalid x-api-key: this needs ADMIN_API_KEY';
    throw new GatewayError('authentication_error', reason);
  };
}
