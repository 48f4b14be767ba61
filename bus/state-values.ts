import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { LIMITS } from '../config/limits.ts';
import {
  type HealthReport,
  NO_SETTINGS,
  type RoutingSettings,
  routingSettingsSchema,
} from '../schemas/routing.ts';
import { KV_BUCKETS } from '../schemas/subjects.ts';
import type { Bus } from './connect.ts';

/** The keys of bucket `gw-state`. */
export const STATE_KEYS = {
  settings: 'settings',
  snapshot: 'snapshot',
  conversations: 'conversations',
  health: 'health',
} as const;

/** How long one read or write waits for JetStream. */
const ANSWER_MS_MAX = 2_000;

/** Opens bucket `gw-state`, making it when it is missing. */
export function openStateBucket(bus: Bus): Promise<KV> {
  return new Kvm(jetstream(bus.connection, { timeout: ANSWER_MS_MAX })).create(KV_BUCKETS.state, {
    history: 1,
    max_bytes: LIMITS.stateBytesMax,
  });
}

/** Reads settings as they lie in the bucket. No bytes = nothing was set. Throws on what no router wrote. */
export function readSettings(value: Uint8Array): RoutingSettings {
  if (value.length === 0) return NO_SETTINGS;
  return routingSettingsSchema.parse(JSON.parse(Buffer.from(value).toString()));
}

/** Reads a health report as it lies in the bucket. No bytes = null. Throws on what no router wrote. */
export function readHealth(value: Uint8Array): HealthReport | null {
  if (value.length === 0) return null;
  const report: unknown = JSON.parse(Buffer.from(value).toString());
  if (!isHealthReport(report)) throw new Error('the health report has an unknown shape');
  return report;
}

function isHealthReport(value: unknown): value is HealthReport {
  if (typeof value !== 'object' || value === null) return false;
  return 'v' in value && value.v === 1 && 'providers' in value && Array.isArray(value.providers);
}
