import { z } from 'zod';
import type { ProviderSettings } from '../config/config.ts';
import { GatewayError } from '../schemas/error.ts';
import { sendJson } from './answer.ts';
import { askRouter } from './ask-router.ts';
import { findProvider } from './find-provider.ts';
import { detailedHealth, offHealth } from './provider-health-view.ts';
import { readAdminBody } from './read-admin-body.ts';
import type { Call } from './routes.ts';

const PATH = /^\/admin\/provider\/([^/]+)\/([a-z]+)$/;

const maintenanceSchema = z.strictObject({ enabled: z.boolean() });
const resetSchema = z.strictObject({ account: z.string().min(1).max(100).optional() });

/**
 * `/admin/provider/{provider}/…`: `GET health`, `POST maintenance {"enabled"}`, `POST reset {"account"?}`. The provider goes
 * by its id or its short name.
 */
export async function adminProvider(call: Call): Promise<void> {
  const { request, context } = call;
  const [, name = '', verb = ''] = PATH.exec(request.path) ?? [];
  const act = Object.hasOwn(ACTIONS, `${request.method} ${verb}`)
    ? ACTIONS[`${request.method} ${verb}`]
    : undefined;
  if (act === undefined) throw new GatewayError('not_found_error', 'Not Found');
  const settings = findProvider(context.config.providers, name);
  if (settings === null) {
    const ids = Object.keys(context.config.providers).join(', ');
    throw new GatewayError('not_found_error', `no such provider; known are ${ids}`);
  }
  await act(call, settings);
}

type Action = (call: Call, settings: ProviderSettings) => void | Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  'GET health': getProviderHealth,
  'POST maintenance': postMaintenance,
  'POST reset': postReset,
};

function getProviderHealth({ context, reply, requestId }: Call, settings: ProviderSettings): void {
  const { id, isEnabled } = settings;
  if (!isEnabled) {
    sendJson(reply, 200, { requestId, value: offHealth(settings) });
    return;
  }
  const report = context.health.latest();
  const health = report?.providers.find(({ provider }) => provider === id);
  if (report === null || health === undefined) {
    throw new GatewayError('api_error', `no router has reported about ${id} yet`, {
      status: 503,
      retryAfterMs: 1_000,
    });
  }
  sendJson(reply, 200, { requestId, value: detailedHealth(health, report.atMs) });
}

async function postMaintenance(call: Call, { id }: ProviderSettings): Promise<void> {
  const { context, request, reply, requestId } = call;
  const from = request.remoteAddress();
  const { enabled } = await readAdminBody(request, maintenanceSchema);
  await askRouter(context, 'maintenance', { provider: id, isOn: enabled, from });
  const message = `Provider ${id} is ${enabled ? 'out for maintenance' : 'back from maintenance'}`;
  sendJson(reply, 200, { requestId, value: { message, provider: id, maintenance: enabled } });
}

async function postReset(call: Call, { id }: ProviderSettings): Promise<void> {
  const { context, request, reply, requestId } = call;
  const from = request.remoteAddress();
  const { account = null } = await readAdminBody(request, resetSchema);
  await askRouter(context, 'reset', { provider: id, account, from });
  const what = account === null ? `provider ${id}` : `account ${account} of ${id}`;
  const message = `What was learned about ${what} is forgotten`;
  sendJson(reply, 200, { requestId, value: { message, provider: id, account } });
}
