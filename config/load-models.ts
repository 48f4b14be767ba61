import { z } from 'zod';
import type { ProviderId } from '../schemas/provider.ts';
import type { ModelTier } from './catalog.ts';
import type { ProviderTable } from './config.ts';
import { LIMITS } from './limits.ts';
import { entryPlace, readListFile } from './list-file.ts';
import {
  type ModelMapping,
  type ModelRule,
  type ModelTarget,
  providerOfModel,
} from './model-mapping.ts';
import { providerNamed } from './provider-named.ts';
import type { Reader } from './reader.ts';

const FILE_VARIABLE = 'MODEL_MAPPING_FILE';
const RULES_MAX = 256;
const MODEL_NAME = new RegExp(`^[\\x21-\\x7e]{1,${LIMITS.modelNameCharactersMax}}$`);

const nameSchema = z
  .string()
  .regex(MODEL_NAME, `must be 1 to ${LIMITS.modelNameCharactersMax} characters without spaces`);
const fileSchema = z
  .array(
    z.strictObject({
      match: nameSchema,
      provider: z.string().min(1).optional(),
      model: nameSchema,
    }),
  )
  .max(RULES_MAX);

/**
 * Reads what the operator says about models: BIG_MODEL (opus and fable), MIDDLE_MODEL (sonnet; else BIG_MODEL),
 * SMALL_MODEL (haiku), and the rules of the file that MODEL_MAPPING_FILE names. Problems go to the reader, one line each.
 */
export function loadModels(reader: Reader, table: ProviderTable): ModelMapping {
  const providers = Object.values(table).map(({ id }) => id);
  const big = loadTarget(reader, 'BIG_MODEL', providers);
  const middle = loadTarget(reader, 'MIDDLE_MODEL', providers) ?? big;
  const small = loadTarget(reader, 'SMALL_MODEL', providers);
  const tiers: Partial<Record<ModelTier, ModelTarget>> = {
    ...(small === null ? {} : { haiku: small }),
    ...(middle === null ? {} : { sonnet: middle }),
    ...(big === null ? {} : { opus: big, fable: big }),
  };
  return { rules: loadRules(reader, providers), tiers, providers };
}

function loadTarget(
  reader: Reader,
  variable: string,
  providers: readonly ProviderId[],
): ModelTarget | null {
  const value = reader.text(variable);
  if (value === null) return null;
  if (MODEL_NAME.test(value)) return targetOf(value, providers);
  reader.problems.push(
    `${variable} is "${value.slice(0, LIMITS.modelNameCharactersMax)}"; it must be a model's name without spaces, like gemini-2.5-pro or openrouter/qwen/qwen3-coder`,
  );
  return null;
}

function targetOf(model: string, providers: readonly ProviderId[]): ModelTarget {
  return providerOfModel(model, providers) ?? { provider: null, model };
}

function loadRules(reader: Reader, providers: readonly ProviderId[]): readonly ModelRule[] {
  const entries = readListFile(reader, FILE_VARIABLE, fileSchema);
  return entries.flatMap(({ match, provider, model }, index) => {
    if (provider === undefined) return [{ match, ...targetOf(model, providers) }];
    const id = providerNamed(provider, providers);
    if (id !== undefined) return [{ match, provider: id, model }];
    reader.problems.push(
      `${FILE_VARIABLE}: ${entryPlace([index, 'provider'])} in ${reader.text(FILE_VARIABLE)}: "${provider}" is no provider; known are ${providers.join(', ')}`,
    );
    return [];
  });
}
