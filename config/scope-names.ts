import { z } from 'zod';
import { PROVIDER_SHORT_NAMES } from '../schemas/provider.ts';
import { matchesGlob } from './glob.ts';

const NAME_CHARACTERS_MAX = 200;

/** Names providers, client keys or sessions by a pattern with `*` and `?`; a provider's short name becomes its id. */
export const scopeNameSchema = z
  .string()
  .min(1)
  .max(NAME_CHARACTERS_MAX)
  .transform((name) =>
    Object.hasOwn(PROVIDER_SHORT_NAMES, name) ? (PROVIDER_SHORT_NAMES[name] ?? name) : name,
  );

/** The entries that name a provider which does not exist, and what to say about it. */
export function unknownProviders(
  entries: readonly { readonly scope: string; readonly name?: string | undefined }[],
  providers: readonly string[],
): readonly { readonly index: number; readonly problem: string }[] {
  return entries.flatMap(({ scope, name }, index) => {
    if (scope !== 'provider' || name === undefined) return [];
    if (providers.some((provider) => matchesGlob(name, provider))) return [];
    return [{ index, problem: `"${name}" is no provider; known are ${providers.join(', ')}` }];
  });
}
