import { namedProviderId, PROVIDER_SHORT_NAMES, type ProviderId } from '../schemas/provider.ts';

/** The provider of a file's entry: by id, by short name, or by a server's own name. Undefined = there is none. */
export function providerNamed(
  name: string,
  providers: readonly ProviderId[],
): ProviderId | undefined {
  const short = Object.hasOwn(PROVIDER_SHORT_NAMES, name) ? PROVIDER_SHORT_NAMES[name] : name;
  return providers.find((id) => id === short || id === namedProviderId(name));
}
