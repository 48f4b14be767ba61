import { isPrivate } from './hosts.ts';
import { LIMITS } from './limits.ts';
import { VARIABLE_NAMES, VARIABLES } from './variables.ts';

const OUR_PREFIX = 'GATEWAY_';
const TYPOS_MAX = 3;
/** Kubernetes writes these for a service called "gateway". */
const SERVICE_LINK = /^GATEWAY_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_\w+)$/;

/**
 * What is odd about an environment but no reason to refuse it, one line each: names that look like ours and are not,
 * numbers of accounts that are none, and plain HTTP to a host that is not private.
 */
export function warningsAbout(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(OUR_PREFIX) && !VARIABLE_NAMES.has(name))
    .filter((name) => !SERVICE_LINK.test(name))
    .map((name) => `${name} is not a variable of this gateway${suggestion(name)}`);
  const numbered = Object.keys(environment)
    .filter((name) => isNumbered(name) && !VARIABLE_NAMES.has(name))
    .map(
      (name) => `${name} has no effect: numbers go from _2 to _${LIMITS.accountsPerProviderMax}`,
    );
  const others = VARIABLES.flatMap(({ name, kind }) => {
    const value = environment[name]?.trim() ?? '';
    if (value === '') return [];
    if (kind === 'address' && isPublicHttp(value)) {
      return [`${name} is plain http to a public host: what travels can be read and changed`];
    }
    return [];
  });
  return [...unknown, ...numbered, ...others];
}

function isNumbered(name: string): boolean {
  const base = /^(.+)_\d{1,9}$/.exec(name)?.[1];
  return VARIABLES.some((variable) => variable.isNumbered === true && variable.name === base);
}

function suggestion(name: string): string {
  const [nearest] = [...VARIABLE_NAMES]
    .map((known) => ({ known, typos: editDistance(name, known) }))
    .filter(({ typos }) => typos <= TYPOS_MAX)
    .toSorted((a, b) => a.typos - b.typos);
  return nearest === undefined ? ' (see .env.example)' : `; did you mean ${nearest.known}?`;
}

function isPublicHttp(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : null;
  return url?.protocol === 'http:' && !isPrivate(url.hostname);
}

/** Characters to insert, remove or replace to turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, character] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= to.length; at += 1) {
      const replaced = (row[at - 1] ?? 0) + (to[at - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
