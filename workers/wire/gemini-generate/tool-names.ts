/** Source: protocol reference §3, function calling rules. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
/** What stays of a name before the hash: 64 characters in all. */
const KEPT_CHARACTERS_MAX = 55;

/**
 * The spelling of tool names for one request.
 *
 * A name that Gemini refuses gets a spelling that depends on nothing but itself, so that it stays the same from turn
 * to turn; names that are fine are never taken away from their tools.
 */
export class ToolNames {
  readonly #upstream = new Map<string, string>();
  readonly #respelled = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** `declared`: the names of the request's tools. */
  constructor(declared: readonly string[]) {
    for (const name of declared) if (NAME.test(name)) this.#taken.add(name);
  }

  /** The provider's name of a client's tool. */
  spell(name: string): string {
    if (NAME.test(name)) return name;
    const known = this.#upstream.get(name);
    if (known !== undefined) return known;
    const base = respell(name);
    let spelling = base;
    for (let count = 2; this.#taken.has(spelling); count++) {
      const suffix = `_${count}`;
      spelling = `${base.slice(0, base.length - suffix.length)}${suffix}`;
    }
    this.#taken.add(spelling);
    this.#upstream.set(name, spelling);
    this.#respelled.set(spelling, name);
    return spelling;
  }

  /** The names that were respelled: the provider's → the client's. */
  get respelled(): ReadonlyMap<string, string> {
    return this.#respelled;
  }
}

function respell(name: string): string {
  const clean = name.slice(0, KEPT_CHARACTERS_MAX).replace(/[^A-Za-z0-9_.-]/g, '_');
  const begun = /^[A-Za-z_]/.test(clean) ? clean : `_${clean}`.slice(0, KEPT_CHARACTERS_MAX);
  return `${begun}_${hash(name)}`;
}

// FNV-1a, 32 bits: it only has to tell names of one request apart.
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, '0');
}
