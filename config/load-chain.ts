import { namedProviderId, PROVIDER_SHORT_NAMES, type ProviderId } from '../schemas/provider.ts';
import { type ProviderTable, settingsOf } from './config.ts';
import type { Reader } from './reader.ts';
import type { RoutingRules } from './routing-rules.ts';

const DEFAULT_CHAIN: readonly ProviderId[] = [
  'vertex-claude',
  'anthropic',
  'vertex-gemini',
  'github-models',
  'openrouter',
  'openai-compatible',
];

/** Enabled providers in the order that PROVIDER_CHAIN gives them, the preferred one first. */
export function loadChain(
  reader: Reader,
  providers: ProviderTable,
  preferred: ProviderId | null,
): readonly ProviderId[] {
  const named = reader.list(reader.text('PROVIDER_CHAIN'));
  const ids = named.flatMap((name) =>
    knownId(reader, { name, variable: 'PROVIDER_CHAIN', providers }),
  );
  const first = preferred === null ? [] : [preferred];
  const all = Object.values(providers).map(({ id }) => id);
  const byDefault = [...DEFAULT_CHAIN, ...all.filter((id) => !DEFAULT_CHAIN.includes(id))];
  const whole = new Set([...first, ...(named.length === 0 ? byDefault : ids)]);
  const chain = [...whole].filter((id) => settingsOf(providers, id).isEnabled);
  if (chain.length === 0 && ids.length > 0) {
    const reasons = ids.map((id) => `${id}: ${settingsOf(providers, id).offReason}`).join('; ');
    reader.problems.push(`PROVIDER_CHAIN names no provider that is on (${reasons})`);
  }
  return chain;
}

/** PREFERRED_PROVIDER; null = nobody. */
export function loadPreferred(reader: Reader, providers: ProviderTable): ProviderId | null {
  const name = reader.text('PREFERRED_PROVIDER');
  if (name === null) return null;
  return knownId(reader, { name, variable: 'PREFERRED_PROVIDER', providers })[0] ?? null;
}

/** The rules with the preferred provider as their default; a file's own default says more. Pure. */
export function preferring(provider: ProviderId | null, rules: RoutingRules): RoutingRules {
  if (provider === null || rules.routes.default !== undefined) return rules;
  return { ...rules, routes: { ...rules.routes, default: { provider, model: null } } };
}

// Named servers go by their name alone too.
function knownId(
  reader: Reader,
  { name, variable, providers }: { name: string; variable: string; providers: ProviderTable },
): ProviderId[] {
  const all = Object.values(providers).map(({ id }) => id);
  const isShort = Object.hasOwn(PROVIDER_SHORT_NAMES, name);
  const wanted = isShort ? PROVIDER_SHORT_NAMES[name] : name;
  const id = all.find((each) => each === wanted || each === namedProviderId(name));
  if (id !== undefined) return [id];
  reader.problems.push(`${variable}: "${name}" is no provider; known are ${all.join(', ')}`);
  return [];
}
