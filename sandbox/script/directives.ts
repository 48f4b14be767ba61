import { type FaultPresetName, isFaultPresetName } from '../fault-presets.ts';
import { isQuirk, type Quirk } from '../quirks.ts';
import { SANDBOX_LIMITS } from '../sandbox-limits.ts';

/** What the user's text tells the sandbox to do. */
export type Directive =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'tokens'; readonly count: number }
  | { readonly kind: 'tool'; readonly name: string; readonly input: Record<string, unknown> }
  | {
      readonly kind: 'fault';
      readonly name: FaultPresetName;
      readonly isRepeated: boolean;
      /** Offset of its line in the text. */
      readonly at: number;
    }
  /** Changes how the answer is told, not what it says. */
  | { readonly kind: 'quirks'; readonly names: readonly Quirk[] }
  /** A line that starts like a directive and is none; `reason` says what is wrong. */
  | { readonly kind: 'unclear'; readonly reason: string };

const LINE = /^[ \t]*sandbox:[ \t]*([a-z]+)(?:[ \t]+(.*?))?[ \t\r]*$/gim;

/** Reads the directives of a text, one a line: `sandbox: <verb> <rest>`. */
export function parseDirectives(text: string): Directive[] {
  const directives: Directive[] = [];
  for (const { 1: verb = '', 2: rest = '', index } of text.matchAll(LINE)) {
    directives.push(parseDirective(verb.toLowerCase(), rest, index));
    if (directives.length === SANDBOX_LIMITS.scriptedBlocksMax) break;
  }
  return directives;
}

function parseDirective(verb: string, rest: string, at: number): Directive {
  switch (verb) {
    case 'say':
      return { kind: 'say', text: rest };
    case 'tokens':
      return parseTokens(rest);
    case 'tool':
      return parseTool(rest);
    case 'fault':
      return parseFault(rest, at);
    case 'quirk':
      return parseQuirks(rest);
    default:
      return unclear(`"${verb}" is no directive; there are say, tokens, tool, fault and quirk`);
  }
}

function parseTokens(rest: string): Directive {
  const count = Number(rest);
  if (!Number.isInteger(count) || count < 1 || count > SANDBOX_LIMITS.outputTokensMax) {
    return unclear(`tokens needs a number from 1 to ${SANDBOX_LIMITS.outputTokensMax}`);
  }
  return { kind: 'tokens', count };
}

function parseTool(rest: string): Directive {
  const [, name, json] = /^([a-zA-Z0-9_-]{1,128})[ \t]*(\{.*\})?$/.exec(rest) ?? [];
  if (name === undefined) return unclear('tool needs a name and its input as one line of JSON');
  try {
    return { kind: 'tool', name, input: json === undefined ? {} : JSON.parse(json) };
  } catch {
    return unclear(`the input of tool ${name} is not JSON`);
  }
}

function parseFault(rest: string, at: number): Directive {
  const [name = '', repeat] = rest.split(/[ \t]+/);
  if (!isFaultPresetName(name)) return unclear(`there is no fault "${name}"`);
  return { kind: 'fault', name, isRepeated: repeat === 'always', at };
}

function parseQuirks(rest: string): Directive {
  const names = rest.split(/[ \t,]+/).filter((name) => name !== '');
  const unknown = names.find((name) => !isQuirk(name));
  if (unknown !== undefined) return unclear(`there is no quirk "${unknown}"`);
  if (names.length === 0) return unclear('quirk needs the names of quirks');
  return { kind: 'quirks', names: names.filter(isQuirk) };
}

function unclear(reason: string): Directive {
  return { kind: 'unclear', reason };
}
