import { readFileSync } from 'node:fs';
import { VARIABLE_NAMES } from './variables.ts';

/** A bad configuration. The message has one line per problem, each naming the variable and how to fix it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.map((problem) => `configuration: ${problem}`).join('\n'));
    this.problems = problems;
  }
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
const WHOLE_NUMBER = /^\d{1,15}$/;
const DECIMAL = /^\d{1,12}(\.\d{1,12})?$/;

/** The environment as it came. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables one by one and collects what is wrong with them, so that all problems are told at once. */
export class Reader {
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The value, trimmed; null when unset or empty. */
  text(name: string): string | null {
    if (!VARIABLE_NAMES.has(name)) throw new Error(`${name} is missing in config/variables.ts`);
    const value = this.#environment[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  /** A variable that a file of the user's names: not one of ours. Null when unset or empty. */
  foreign(name: string): string | null {
    const value = this.#environment[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  /** A secret: the variable itself, or the content of the file that `<name>_FILE` names. */
  secret(name: string): string | null {
    const value = this.text(name);
    const file = this.text(`${name}_FILE`);
    if (file === null) return value;
    if (value !== null) {
      this.problems.push(`${name} and ${name}_FILE are both set: keep one`);
      return value;
    }
    try {
      const content = readFileSync(file, 'utf8').trim();
      if (content === '') this.problems.push(`${name}_FILE: ${file} is empty`);
      return content === '' ? null : content;
    } catch {
      this.problems.push(`${name}_FILE: ${file} cannot be read`);
      return null;
    }
  }

  /** A secret that is sent in an HTTP header. */
  credential(name: string): string | null {
    const value = this.secret(name);
    if (value !== null) this.checkHeaderValue(name, value);
    return value;
  }

  /** Notes a problem when no HTTP header can carry the value of a secret. */
  checkHeaderValue(name: string, value: string): void {
    if (VISIBLE_ASCII.test(value)) return;
    this.problems.push(
      `${name} holds a character that no key has (a space, a line break or a typographic quote?)`,
    );
  }

  /** Whether the variable is there, be it empty. */
  isPresent(name: string): boolean {
    return this.#environment[name] !== undefined;
  }

  /** One of a closed list. */
  choice<const Choice extends string>(
    name: string,
    choices: readonly Choice[],
    fallback: Choice,
  ): Choice {
    const value = this.text(name);
    if (value === null) return fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.problems.push(`${name} is "${value}"; it must be one of ${choices.join(', ')}`);
    return fallback;
  }

  /** `true` or `false`. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    if (['true', '1', 'yes', 'on'].includes(value)) return true;
    if (['false', '0', 'no', 'off'].includes(value)) return false;
    this.problems.push(`${name} is "${value}"; it must be true or false`);
    return fallback;
  }

  /** A whole number within bounds. */
  integer(name: string, bounds: { min: number; max: number; fallback: number }): number {
    const value = this.text(name);
    if (value === null) return bounds.fallback;
    const number = Number(value);
    const { min, max } = bounds;
    if (WHOLE_NUMBER.test(value) && number >= min && number <= max) return number;
    this.problems.push(`${name} is "${value}"; it must be a whole number from ${min} to ${max}`);
    return bounds.fallback;
  }

  /** A decimal number from 0 to `max`; null when unset. */
  decimal(name: string, max: number): number | null {
    const value = this.text(name);
    if (value === null) return null;
    if (DECIMAL.test(value) && Number(value) <= max) return Number(value);
    this.problems.push(`${name} is "${value}"; it must be a number from 0 to ${max}`);
    return null;
  }

  /** A list with commas or, in files, line breaks between its parts; empty parts are left out. */
  list(value: string | null): readonly string[] {
    return (value ?? '')
      .split(/[,\n]/)
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  /**
   * An http(s) address without a trailing slash; `hasPath` says whether its path counts. Plain http is taken for what it
   * is, for it is how servers of one's own are reached; a public one gets a warning.
   */
  url(name: string, fallback: string, { hasPath = false }: { hasPath?: boolean } = {}): string {
    const value = this.text(name);
    if (value === null) return fallback;
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !['http:', 'https:'].includes(url.protocol)) {
      this.problems.push(`${name} is "${masked(value)}"; it must be an address like https://host`);
      return fallback;
    }
    if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
      this.problems.push(`${name} must not hold a user, a password, a query or a fragment`);
      return fallback;
    }
    if (!hasPath && url.pathname !== '/') {
      this.problems.push(
        `${name} must be scheme and host only (got "${url.origin}${url.pathname}"): the provider's own path follows`,
      );
      return fallback;
    }
    return hasPath ? `${url.origin}${url.pathname.replace(/\/+$/, '')}` : url.origin;
  }
}

/** An address without the credentials that may stand before its host. */
function masked(address: string): string {
  return address.replace(/^([^@]*:\/\/)?[^/@]*@/, '$1…@');
}
