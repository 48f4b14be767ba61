const WARNINGS_MAX = 20;
const WARNING_CHARACTERS_MAX = 120;

/** What of a request could not be carried to the provider: told in a response header and the debug log. */
export class Warnings {
  readonly #texts = new Set<string>();

  /** Notes one loss, e.g. `top_k dropped`. Each is told once; over 20 are counted no more. */
  add(text: string): void {
    if (this.#texts.size >= WARNINGS_MAX) return;
    // It becomes a header: visible ASCII, and no comma but our own.
    const clean = text.replace(/[^\x20-\x2b\x2d-\x7e]+/g, ' ').trim();
    if (clean !== '') this.#texts.add(clean.slice(0, WARNING_CHARACTERS_MAX));
  }

  /** In the order they came. */
  get list(): readonly string[] {
    return [...this.#texts];
  }
}
