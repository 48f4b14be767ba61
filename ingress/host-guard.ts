import { GatewayError } from '../schemas/error.ts';

const LOOPBACK_NAMES = ['localhost', '[::1]'];
const LOOPBACK_ADDRESS = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const AUTHORITY = /^(\[[0-9a-f:.]{2,45}\]|[^\s:/?#@[\]]{1,255}?)\.?(?::\d{1,5})?$/;
const WILDCARD_ADDRESSES = new Set(['', '0.0.0.0', '::', '[::]']);
const ANY = '*';

/** Whose requests may pass. */
export interface AllowedNames {
  /** The address or name that the gateway listens on. */
  readonly host: string;
  /** More names, without port; `*` = every name, for a gateway whose clients must show a key. */
  readonly allowed: readonly string[];
}

/**
 * Stops web pages that reach for a gateway on this machine. Throws GatewayError 403.
 *
 * A page can make its own name point here (DNS rebinding), but then Host tells that name: only loopback names, `host`
 * and `allowed` pass, whatever the port. And a page's requests tell its Origin, which must be one of them too.
 */
export function checkHost(
  request: { header(name: string): string | undefined },
  names: AllowedNames,
): void {
  const host = nameOfAuthority(request.header('host') ?? '');
  if (host === null || !(names.allowed.includes(ANY) || isAllowed(host, names))) {
    throw new GatewayError(
      'permission_error',
      'Host: this is not a name of the gateway; its operator can allow it',
    );
  }
  const origin = request.header('origin');
  if (origin === undefined) return;
  const originHost = nameOfOrigin(origin);
  if (originHost !== null && (originHost === host || isAllowed(originHost, names))) return;
  throw new GatewayError('permission_error', 'Origin: pages of other sites may not call this');
}

function isAllowed(name: string, names: AllowedNames): boolean {
  if (LOOPBACK_NAMES.includes(name) || LOOPBACK_ADDRESS.test(name)) return true;
  if (!WILDCARD_ADDRESSES.has(names.host) && name === normalName(names.host)) return true;
  return names.allowed.some((allowed) => name === normalName(allowed));
}

function normalName(name: string): string {
  const lower = name.trim().toLowerCase();
  const isBareIpv6 = lower.includes(':') && !lower.startsWith('[');
  return isBareIpv6 ? `[${lower}]` : lower;
}

function nameOfAuthority(authority: string): string | null {
  return AUTHORITY.exec(authority.toLowerCase())?.[1] ?? null;
}

// Only pages of http and https have a host that means anything here; `null` and other schemes have none.
function nameOfOrigin(origin: string): string | null {
  const authority = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  return authority === undefined ? null : nameOfAuthority(authority);
}
