import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { PROVIDER_IDS, type ProviderId, providerIdSchema } from '../schemas/provider.ts';
import { behaviourSchema } from './behaviour.ts';
import type { BehaviourSpec, SandboxControl } from './control.ts';
import { FAULT_PRESETS, type FaultPresetName } from './fault-presets.ts';
import { QUIRKS } from './quirks.ts';
import { BodyTooLargeError, readBody } from './read-body.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { SANDBOX_LIMITS } from './sandbox-limits.ts';

/** Where the control API lives; no provider has such paths. */
export const CONTROL_PREFIX = '/_sandbox';

/** One control request. */
export interface ControlExchange {
  readonly control: SandboxControl;
  readonly path: string;
  readonly query: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Serves one request of the control API: JSON in, JSON out. Rejects only for faults of its own. */
export async function serveControl(exchange: ControlExchange): Promise<void> {
  const { request, response } = exchange;
  try {
    // A page in a browser must not steer a sandbox on this machine.
    if (request.headers.origin !== undefined)
      throw new ControlError(403, 'browsers are not served');
    const answer = await answerTo(exchange);
    if (answer === undefined) response.writeHead(204).end();
    else sendJson(response, 200, answer);
  } catch (error) {
    if (response.destroyed) return;
    if (error instanceof z.ZodError) sendJson(response, 400, { error: zodMessage(error) });
    else if (error instanceof RangeError) sendJson(response, 409, { error: error.message });
    else if (error instanceof ControlError)
      sendJson(response, error.status, { error: error.message });
    else throw error;
  }
}

/** A request that the control API refuses. */
class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const presetNames = Object.keys(FAULT_PRESETS) as FaultPresetName[]; // Object.keys widens them
const specSchema = behaviourSchema.extend({ preset: z.enum(presetNames).optional() });
const specsSchema = z.union([specSchema.transform((spec) => [spec]), z.array(specSchema)]);
const whole = z.coerce.number().int().min(0);
const waitSchema = z.strictObject({
  provider: providerIdSchema.optional(),
  sequence: whole.optional(),
  after: whole.optional(),
  timeoutMs: whole.max(SANDBOX_LIMITS.longPollMsMax).default(SANDBOX_LIMITS.longPollMsMax),
});
const listSchema = z.strictObject({
  provider: providerIdSchema.optional(),
  after: whole.default(0),
  limit: whole.min(1).max(SANDBOX_LIMITS.listedRequestsMax).default(100),
  body: z.enum(['0', '1']).default('0'),
});

async function answerTo(exchange: ControlExchange): Promise<unknown> {
  const { control, path, query, request } = exchange;
  const [, , noun = '', argument = ''] = path.split('/');
  const parameters = Object.fromEntries(new URLSearchParams(query));
  switch (`${request.method} ${noun}`) {
    case 'GET ':
      return overview(control);
    case 'GET presets':
      return FAULT_PRESETS;
    case 'GET quirks':
      return QUIRKS;
    case 'GET behaviours':
      return control.behaviour(providerOf(argument));
    case 'PUT behaviours':
      control.setBehaviour(providerOf(argument), await readSpec(request, specSchema));
      return undefined;
    case 'GET queues':
      return { queued: control.queued(providerOf(argument)) };
    case 'POST queues': {
      const spec = await readSpec<BehaviourSpec | BehaviourSpec[]>(request, specsSchema);
      control.enqueue(providerOf(argument), ...(Array.isArray(spec) ? spec : [spec]));
      return { queued: control.queued(providerOf(argument)) };
    }
    case 'GET requests':
      return listed(control, listSchema.parse(parameters));
    case 'GET next-request':
    case 'GET next-end':
      return nextOf(exchange, noun, waitSchema.parse(parameters));
    case 'GET truth':
      return control.truth();
    case 'POST reset':
      control.reset();
      return undefined;
    default:
      throw new ControlError(404, `${request.method} ${path} is not part of the control API`);
  }
}

function overview(control: SandboxControl): unknown {
  const providers = PROVIDER_IDS.map((id) => [
    id,
    { behaviour: control.behaviour(id), queued: control.queued(id) },
  ]);
  return {
    name: 'claude-code-multimodel sandbox',
    providers: Object.fromEntries(providers),
    totals: control.truth().totals,
  };
}

function listed(control: SandboxControl, filter: z.infer<typeof listSchema>): unknown {
  const requests = control.requests
    .filter(({ sequence }) => sequence > filter.after)
    .filter(({ provider }) => filter.provider === undefined || provider === filter.provider)
    .slice(0, filter.limit);
  return { requests: requests.map((record) => toJson(record, filter.body === '1')) };
}

async function nextOf(
  { control, response }: ControlExchange,
  noun: string,
  { timeoutMs, provider, sequence, after }: z.infer<typeof waitSchema>,
): Promise<unknown> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), timeoutMs);
  response.once('close', () => giveUp.abort());
  const filter = {
    signal: giveUp.signal,
    ...(provider === undefined ? {} : { provider }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(after === undefined ? {} : { after }),
  };
  try {
    const next = noun === 'next-end' ? control.nextEnd(filter) : control.nextRequest(filter);
    return toJson(await next, false);
  } catch (error) {
    if (giveUp.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function toJson(record: RecordedRequest, hasBody: boolean): unknown {
  const { body, ...fields } = record;
  return hasBody ? { ...fields, body: body.toString('base64') } : fields;
}

function providerOf(name: string): ProviderId {
  const parsed = providerIdSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ControlError(
    404,
    `there is no provider "${name}"; there are ${PROVIDER_IDS.join(', ')}`,
  );
}

// What was written is handed on, not what the schema made of it: defaults would hide a preset.
async function readSpec<Spec = BehaviourSpec>(
  request: IncomingMessage,
  schema: z.ZodType,
): Promise<Spec> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new ControlError(415, 'content-type must be application/json');
  }
  let json: unknown;
  try {
    json = JSON.parse((await readBody(request, SANDBOX_LIMITS.controlBodyBytesMax)).toString());
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw new ControlError(413, error.message);
    if (error instanceof SyntaxError) throw new ControlError(400, 'the body is not JSON');
    throw error;
  }
  schema.parse(json);
  return json as Spec; // the schema has just accepted it
}

function zodMessage({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
