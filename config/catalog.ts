import { z } from 'zod';
import { type BuiltInProviderId, PROVIDER_IDS } from '../schemas/provider.ts';
import rawCatalog from './catalog.json' with { type: 'json' };

/** Stages of a model's life: a `retired` one answers no more. */
export const MODEL_LIFECYCLES = ['active', 'deprecated', 'retired'] as const;
/** One of MODEL_LIFECYCLES. */
export type ModelLifecycle = (typeof MODEL_LIFECYCLES)[number];

/** Sizes of models by the names of Claude's lines, weakest first: what a Claude name becomes at other providers. */
export const MODEL_TIERS = ['haiku', 'sonnet', 'opus', 'fable'] as const;
/** One of MODEL_TIERS. */
export type ModelTier = (typeof MODEL_TIERS)[number];

/** How a model is told to think: Claude's two ways, Gemini's level, OpenAI's effort; `none` cannot think. */
export const THINKING_STYLES = ['adaptive', 'budget', 'level', 'effort', 'none'] as const;
/** Levels of effort that providers know, weakest first. */
export const EFFORT_LEVELS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
/** One of EFFORT_LEVELS. */
export type EffortLevel = (typeof EFFORT_LEVELS)[number];

/** Whose spelling a name is: named servers share that of their adapter. */
export type IdFamily = BuiltInProviderId;

const modelId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$/);
/** What a model can do; a fact that no source states is left out. */
export const capabilitiesSchema = z.strictObject({
  tools: z.boolean().optional(),
  images: z.boolean().optional(),
  pdf: z.boolean().optional(),
  thinking: z.enum(THINKING_STYLES).optional(),
  effortLevels: z.array(z.enum(EFFORT_LEVELS)).optional(),
  structuredOutput: z.boolean().optional(),
  prefill: z.boolean().optional(),
  chatTools: z.enum(['without-effort', 'never']).optional(),
});
const modelSchema = z.strictObject({
  id: modelId,
  displayName: z.string().min(1),
  line: z.enum(['haiku', 'sonnet', 'opus', 'fable', 'mythos']).nullable(),
  tier: z.enum(MODEL_TIERS).nullable(),
  ids: z.partialRecord(z.enum(PROVIDER_IDS), modelId),
  createdAt: z.iso.datetime().optional(),
  contextWindowTokens: z.int().positive().optional(),
  maxOutputTokens: z.int().positive().optional(),
  capabilities: capabilitiesSchema,
  lifecycle: z.enum(MODEL_LIFECYCLES),
  deprecatedAt: z.iso.datetime().optional(),
  retiresAt: z.iso.datetime().optional(),
  aliases: z.array(modelId),
  source: z.string().min(1),
  asOf: z.iso.date(),
});
const catalogSchema = z
  .strictObject({ models: z.array(modelSchema) })
  .superRefine(({ models }, context) => {
    for (const name of sharedNames(models)) {
      context.addIssue({ code: 'custom', message: `two models share the name ${name}` });
    }
  });

/**
 * What a model can do; a missing field = no source tells.
 *
 * `chatTools` is about OpenAI's own chat-completions: tools are refused there beside an effort, or altogether.
 */
export type ModelCapabilities = Readonly<z.infer<typeof capabilitiesSchema>>;

/**
 * One model. A fact that no source states is left out; `source` and `asOf` say where the others come from.
 *
 * Token counts are maxima; `createdAt` and the like are RFC 3339. `ids` holds its name at each provider, an alias is
 * another name for it. `line` is a line of Claude's, null for models of others; `tier` says which Claude it stands in
 * for, null = for none.
 */
export type CatalogModel = Readonly<z.infer<typeof modelSchema>>;

/** The models we know, newest first within what the sources tell. */
export interface Catalog {
  readonly models: readonly CatalogModel[];
}

/** Checks and returns the catalog that ships with the gateway. Throws ZodError when the file is wrong. */
export function loadCatalog(): Catalog {
  return parseCatalog(rawCatalog);
}

/** Checks a catalog. Throws ZodError that names the entry; two models may not share an id or alias. */
export function parseCatalog(raw: unknown): Catalog {
  return catalogSchema.parse(raw);
}

/** Every name of a model, each once. */
export function modelNames(model: CatalogModel): ReadonlySet<string> {
  return new Set([model.id, ...model.aliases, ...Object.values(model.ids)]);
}

function sharedNames(models: readonly CatalogModel[]): readonly string[] {
  const seen = new Set<string>();
  const shared: string[] = [];
  for (const name of models.flatMap((model) => [...modelNames(model)])) {
    if (seen.has(name)) shared.push(name);
    seen.add(name);
  }
  return shared;
}
