import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { serveCommand } from '../bus/commands.ts';
import type { Bus, BusSubscription } from '../bus/connect.ts';
import type { EventPublisher } from '../bus/events.ts';
import type { Lease } from '../bus/lease.ts';
import type { Log } from '../bus/log.ts';
import type { ObservationPublisher } from '../bus/observation-publisher.ts';
import type { RoutingStore } from '../bus/routing-store.ts';
import type { RouteRequest } from '../schemas/envelope.ts';
import { GatewayError } from '../schemas/error.ts';
import { providerIdSchema } from '../schemas/provider.ts';
import {
  type AdminEvent,
  type RouterStats,
  type RoutingSettings,
  STRATEGY_NAMES,
} from '../schemas/routing.ts';
import { queueGroups, type RouterCommand, subjects } from '../schemas/subjects.ts';
import type { Brain } from './brain.ts';

/** What commands work on. */
export interface CommandContext {
  readonly routerId: string;
  readonly brain: Brain;
  readonly store: RoutingStore;
  readonly lease: Lease;
  readonly observations: ObservationPublisher;
  readonly events: EventPublisher;
  readonly log: Log;
  /** The clock of `brain`. */
  clock(): number;
}

const from = z.string();
const strategySchema = z.object({ strategy: z.enum(STRATEGY_NAMES), from });
const maintenanceSchema = z.object({ provider: providerIdSchema, isOn: z.boolean(), from });
const resetSchema = z.object({ provider: providerIdSchema, account: z.string().nullable(), from });

/**
 * Serves the commands to routers. `explain` (a RouteRequest) answers an Explanation, `stats` RouterStats; `strategy` and
 * `maintenance` answer the RoutingSettings once they are stored, `reset` what was reset once all routers are told.
 */
export function serveCommands(bus: Bus, context: CommandContext): readonly BusSubscription[] {
  const { log, brain, clock } = context;
  const serve = (verb: RouterCommand, handler: (payload: unknown) => unknown): BusSubscription => {
    const group = verb === 'stats' ? {} : { queue: queueGroups.router() };
    return serveCommand(bus, subjects.routerCommand(verb), handler, { ...group, log });
  };
  return [
    serve('stats', () => stats(context)),
    serve('explain', (payload) => brain.explain(payload as RouteRequest, clock())), // made by our ingress
    serve('strategy', (payload) => setStrategy(payload, context)),
    serve('maintenance', (payload) => setMaintenance(payload, context)),
    serve('reset', (payload) => reset(payload, context)),
  ];
}

function stats({ routerId, brain, lease, clock }: CommandContext): RouterStats {
  return {
    routerId,
    isLeader: lease.isHeld,
    strategy: brain.strategy,
    decisions: brain.decisions,
    providers: brain.providers(clock()),
    recentDecisions: brain.recentDecisions(),
  };
}

async function setStrategy(payload: unknown, context: CommandContext): Promise<RoutingSettings> {
  const { strategy, from } = parsed(strategySchema, payload);
  const settings = await context.store.updateSettings((before) => ({ ...before, strategy }));
  tell(context, { action: 'routing-strategy', detail: { strategy }, from });
  return settings;
}

async function setMaintenance(payload: unknown, context: CommandContext): Promise<RoutingSettings> {
  const { provider, isOn, from } = parsed(maintenanceSchema, payload);
  const sinceMs = Math.round(context.clock());
  const settings = await context.store.updateSettings((before) => {
    const others = before.maintenance.filter((entry) => entry.provider !== provider);
    const known = before.maintenance.find((entry) => entry.provider === provider);
    return { ...before, maintenance: isOn ? [...others, known ?? { provider, sinceMs }] : others };
  });
  tell(context, { action: 'maintenance', detail: { provider, isOn }, from });
  return settings;
}

function reset(payload: unknown, context: CommandContext): object {
  const { provider, account, from } = parsed(resetSchema, payload);
  context.observations.add({ kind: 'reset', provider, account }, { isUrgent: true });
  tell(context, { action: 'reset', detail: { provider, account }, from });
  return { provider, account };
}

function tell(
  { events, clock }: CommandContext,
  what: Pick<AdminEvent, 'action' | 'detail' | 'from'>,
): void {
  const id = `adm-${randomUUID()}`;
  const event: AdminEvent = { v: 1, id, atMs: Math.round(clock()), ...what };
  events.publish(subjects.adminEvent(), id, event);
}

function parsed<Payload>(schema: z.ZodType<Payload>, payload: unknown): Payload {
  const result = schema.safeParse(payload);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new GatewayError(
    'invalid_request_error',
    `${issue?.path.join('.') || 'command'}: ${issue?.message}`,
  );
}
