import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ProviderId } from '../schemas/provider.ts';
import type { ProviderTable } from './config.ts';
import { LIMITS } from './limits.ts';
import { providerOfModel } from './model-mapping.ts';
import { providerNamed } from './provider-named.ts';
import type { Reader } from './reader.ts';
import {
  LONG_CONTEXT_TOKENS,
  NO_ROUTING_RULES,
  ROUTING_RULE_NAMES,
  type RoutingRule,
  type RoutingRuleName,
  type RoutingRules,
} from './routing-rules.ts';

const FILE_VARIABLE = 'ROUTING_RULES_FILE';
const SHAPES = '"provider,model", "provider" or ",model", or an object with provider and model';
const MODEL_NAME = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.modelNameCharactersMax}}$`);

const modelSchema = z
  .string()
  .regex(MODEL_NAME, `must be 1 to ${LIMITS.modelNameCharactersMax} characters without spaces`);
const ruleSchema = z.union(
  [
    z.string().min(1),
    z.strictObject({ provider: z.string().min(1).optional(), model: modelSchema.optional() }),
  ],
  `must be ${SHAPES}`,
);
const fileSchema = z.strictObject({ longContextThreshold: z.int().positive().optional() }).extend(
  Object.fromEntries(ROUTING_RULE_NAMES.map((name) => [name, ruleSchema.optional()])) as {
    [Name in RoutingRuleName]: z.ZodOptional<typeof ruleSchema>;
  },
);
type RawRule = z.infer<typeof ruleSchema>;

/**
 * Reads the rules of the file that ROUTING_RULES_FILE names: per kind of request a provider, a model or both, as users
 * of claude-code-router write them. Problems go to the reader, one line each.
 */
export function loadRoutingRules(reader: Reader, table: ProviderTable): RoutingRules {
  const file = reader.text(FILE_VARIABLE);
  if (file === null) return NO_ROUTING_RULES;
  const tell = (problem: string): void => {
    reader.problems.push(`${FILE_VARIABLE}: ${problem}`);
  };
  const json = readJson(file, tell);
  if (json === undefined) return NO_ROUTING_RULES;
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const place = path.length === 0 ? 'the object' : path.map(String).join(', ');
      tell(`${place} in ${file}: ${message}`);
    }
    return NO_ROUTING_RULES;
  }
  const providers = Object.values(table).map(({ id }) => id);
  const routes: Partial<Record<RoutingRuleName, RoutingRule>> = {};
  for (const name of ROUTING_RULE_NAMES) {
    const raw = parsed.data[name];
    if (raw === undefined) continue;
    const rule = ruleOf(raw, providers);
    if (typeof rule === 'string') tell(`${name} in ${file}: ${rule}`);
    else routes[name] = rule;
  }
  return { routes, longContextTokens: parsed.data.longContextThreshold ?? LONG_CONTEXT_TOKENS };
}

// A string says what is wrong.
function ruleOf(raw: RawRule, providers: readonly ProviderId[]): RoutingRule | string {
  const { provider, model } = typeof raw === 'string' ? partsOf(raw, providers) : raw;
  if (model !== undefined && !MODEL_NAME.test(model)) {
    return `"${model.slice(0, LIMITS.modelNameCharactersMax)}" is no model's name`;
  }
  if (provider === undefined) {
    return model === undefined ? `must be ${SHAPES}` : withoutProvider(model, providers);
  }
  const id = providerNamed(provider, providers);
  if (id !== undefined) return { provider: id, model: model ?? null };
  return `"${provider}" is no provider; known are ${providers.join(', ')}`;
}

// A provider may stand in front of the model as well, as in BIG_MODEL.
function withoutProvider(model: string, providers: readonly ProviderId[]): RoutingRule {
  return providerOfModel(model, providers) ?? { provider: null, model };
}

function partsOf(
  text: string,
  providers: readonly ProviderId[],
): { provider?: string; model?: string } {
  const comma = text.indexOf(',');
  if (comma === -1) {
    const whole = text.trim();
    return providerOfModel(whole, providers) === null ? { provider: whole } : { model: whole };
  }
  const provider = text.slice(0, comma).trim();
  const model = text.slice(comma + 1).trim();
  return {
    ...(provider === '' ? {} : { provider }),
    ...(model === '' ? {} : { model }),
  };
}

function readJson(file: string, tell: (problem: string) => void): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    tell(`${file} ${error instanceof SyntaxError ? 'is no JSON' : 'cannot be read'}`);
    return undefined;
  }
}
