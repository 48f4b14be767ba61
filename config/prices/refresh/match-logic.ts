import type { MatchLogic } from '@pydantic/genai-prices';

const TEXT_RULES = ['equals', 'starts_with', 'ends_with', 'contains'];
const TEXT_CHARACTERS_MAX = 300;
const DEPTH_MAX = 4;
const REPEATS_MAX = 2;
/** A group that repeats, or a count of a hundred and more. */
const SLOW_PARTS = /\)[*+{]|\{\d*,?\d{3,}/;
const REPEATS = /[*+]|\{\d*,/g;

/**
 * Whether something from outside is a rule for names of models, and one that is quick: such rules meet names that clients
 * write, and a regular expression can take for ever on a name that was made for it.
 */
export function isMatchLogic(value: unknown): value is MatchLogic {
  return isRule(value, 0);
}

function isRule(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const [first, ...more] = Object.entries(value);
  if (first === undefined || more.length > 0) return false;
  const [name, what]: readonly [string, unknown] = first;
  if (name === 'or' || name === 'and') {
    return (
      Array.isArray(what) && depth < DEPTH_MAX && what.every((each) => isRule(each, depth + 1))
    );
  }
  if (typeof what !== 'string' || what === '' || what.length > TEXT_CHARACTERS_MAX) return false;
  return name === 'regex' ? isQuick(what) : TEXT_RULES.includes(name);
}

function isQuick(pattern: string): boolean {
  try {
    new RegExp(pattern);
  } catch {
    return false; // no regular expression
  }
  return !SLOW_PARTS.test(pattern) && (pattern.match(REPEATS)?.length ?? 0) <= REPEATS_MAX;
}
