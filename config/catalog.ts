import { z } from 'zod';
import rawCatalog from './catalog.json' with { type: 'json' };

/** Stages of a model's life: a `retired` one answers no more. */
export const MODEL_LIFECYCLES = ['active', 'deprecated', 'retired'] as const;
/** One of MODEL_LIFECYCLES. */
export type ModelLifecycle = (typeof MODEL_LIFECYCLES)[number];

const modelSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$/),
  displayName: z.string().min(1),
  line: z.enum(['haiku', 'sonnet', 'opus', 'fable', 'mythos']).nullable(),
  createdAt: z.iso.datetime().optional(),
  contextWindowTokens: z.int().positive().optional(),
  maxOutputTokens: z.int().positive().optional(),
  lifecycle: z.enum(MODEL_LIFECYCLES),
  deprecatedAt: z.iso.datetime().optional(),
  retiresAt: z.iso.datetime().optional(),
  aliases: z.array(z.string().min(1)),
  source: z.string().min(1),
  asOf: z.iso.date(),
});
const catalogSchema = z
  .strictObject({ models: z.array(modelSchema) })
  .refine(({ models }) => areNamesUnique(models), 'two models share a name');

/**
 * One model. A fact that no source states is left out; `source` and `asOf` say where the others come from.
 *
 * Token counts are maxima; `createdAt` and the like are RFC 3339. An alias is another id for the same model.
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

/** Finds a model by its id or one of its aliases. */
export function findModel(catalog: Catalog, name: string): CatalogModel | undefined {
  return catalog.models.find((model) => model.id === name || model.aliases.includes(name));
}

function areNamesUnique(models: readonly CatalogModel[]): boolean {
  const names = models.flatMap((model) => [model.id, ...model.aliases]);
  return new Set(names).size === names.length;
}
