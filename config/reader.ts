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
    if (Number.isInteger(number) && number >= bounds.min && number <= bounds.max) return number;
    const { min, max } = bounds;
    this.problems.push(`${name} is "${value}"; it must be a whole number from ${min} to ${max}`);
    return bounds.fallback;
  }

  /** A comma-separated list; empty parts are left out. */
  list(value: string | null): readonly string[] {
    return (value ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  /** An http(s) address; `hasPath` says whether its path counts. Without a trailing slash. */
  url(name: string, fallback: string, options: { hasPath?: boolean } = {}): string {
    const value = this.text(name);
    if (value === null) return fallback;
    const url = URL.canParse(value) ? new URL(value) : null;
    if (url === null || !['http:', 'https:'].includes(url.protocol)) {
      this.problems.push(`${name} is "${value}"; it must be an address like https://host`);
      return fallback;
    }
    const hasExtra = url.search !== '' || url.hash !== '' || url.username !== '';
    const isPathIgnored = options.hasPath !== true && !['', '/'].includes(url.pathname);
    if (hasExtra || isPathIgnored) {
      this.problems.push(
        `${name} must be scheme and host only (got "${url.origin}${url.pathname}"): the provider's own path follows`,
      );
      return fallback;
    }
    return options.hasPath === true ? value.replace(/\/+$/, '') : url.origin;
  }
}
