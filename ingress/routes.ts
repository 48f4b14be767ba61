import type { ProviderId } from '../schemas/provider.ts';
import { adminProvider } from './admin-provider.ts';
import type { IngressContext } from './context.ts';
import { getHealth } from './get-health.ts';
import { getMetrics } from './get-metrics.ts';
import { getModels } from './get-models.ts';
import { getStats } from './get-stats.ts';
import type { HttpReply, HttpRequest } from './http/http.ts';
import { postExplain } from './post-explain.ts';
import { postMessages } from './post-messages.ts';
import { postRoutingStrategy } from './post-routing-strategy.ts';

/** One request with what its handler needs. */
export interface Call {
  readonly context: IngressContext;
  readonly request: HttpRequest;
  readonly reply: HttpReply;
  readonly requestId: string;
  /** The provider of the port the request came to; null on the auto port. */
  readonly pinned: ProviderId | null;
  /** Which client key was shown; null without client keys. */
  readonly clientKeyId: string | null;
}

/**
 * Who may call a route: holders of a client key, of the administrator's key, or everybody (nothing secret, nothing that
 * costs).
 */
export type Access = 'client' | 'admin' | 'public';

/** One row of the route table. A path that ends in `/` matches everything below it too. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly access: Access;
  handle(call: Call): void | Promise<void>;
}

/** Every route of every port. What is not here is a 404 in Anthropic's shape. */
export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/messages',
    access: 'client',
    handle: (call) => postMessages(call, 'messages'),
  },
  {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    access: 'client',
    handle: (call) => postMessages(call, 'count_tokens'),
  },
  { method: 'GET', path: '/v1/models', access: 'client', handle: getModels },
  { method: 'GET', path: '/v1/models/', access: 'client', handle: getModels },
  { method: 'GET', path: '/stats', access: 'client', handle: getStats },
  {
    method: 'POST',
    path: '/admin/routing-strategy',
    access: 'admin',
    handle: postRoutingStrategy,
  },
  { method: 'POST', path: '/admin/route/explain', access: 'admin', handle: postExplain },
  { method: 'GET', path: '/admin/provider/', access: 'admin', handle: adminProvider },
  { method: 'POST', path: '/admin/provider/', access: 'admin', handle: adminProvider },
  { method: 'GET', path: '/health', access: 'public', handle: getHealth },
  { method: 'GET', path: '/metrics', access: 'public', handle: getMetrics },
];

/** Finds the route of a request; undefined when there is none. Pure. */
export function findRoute(method: string, path: string): Route | undefined {
  return ROUTES.find(
    (route) =>
      route.method === method &&
      (route.path === path || (route.path.endsWith('/') && path.startsWith(route.path))),
  );
}
