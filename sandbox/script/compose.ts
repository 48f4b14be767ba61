import type { Behaviour } from '../behaviour.ts';
import { fillerChunks, toChunks } from './chunks.ts';
import { type Directive, parseDirectives } from './directives.ts';
import { connectionAdvice, greeting, quote } from './greeting.ts';
import type { Prompt } from './prompt.ts';
import { schemaSample } from './schema-sample.ts';
import { type Script, type ScriptBlock, scriptOf, toScript } from './script.ts';
import { shorten } from './shorten.ts';

/** Who answers. */
export interface Speaker {
  /** The provider's name for people. */
  readonly label: string;
  /** Makes the signature of a thinking block. */
  readonly sign: (thinking: string) => string;
}

const TITLE_CHARACTERS_MAX = 60;
// A script that no prompt changes is made once per behaviour, and so is its encoding.
const fixedScripts = new WeakMap<Behaviour, Script>();

/** Decides what to answer: the behaviour's own words first, then the prompt's directives, then sense. */
export function compose(behaviour: Behaviour, prompt: Prompt, speaker: Speaker): Script {
  const script = shorten(fixedScript(behaviour, speaker) ?? composeFreely(prompt, speaker), prompt);
  if (behaviour.stopReason === null) return script;
  return { ...script, stopReason: behaviour.stopReason };
}

/** The directives of a prompt; none in side requests and in answers to tool results. */
export function promptDirectives(prompt: Prompt): Directive[] {
  if (prompt.jsonSchema !== null || prompt.toolResults.length > 0) return [];
  return parseDirectives(prompt.userText);
}

function fixedScript(behaviour: Behaviour, { sign }: Speaker): Script | null {
  const { answer, outputTokens } = behaviour;
  if (answer === null && outputTokens === null) return null;
  let script = fixedScripts.get(behaviour);
  if (script === undefined) {
    const blocks = typeof answer === 'string' ? [{ type: 'text' as const, text: answer }] : answer;
    script =
      blocks === null
        ? scriptOf([{ type: 'text', chunks: fillerChunks(outputTokens ?? 1) }])
        : toScript(blocks, sign);
    fixedScripts.set(behaviour, script);
  }
  return script;
}

function composeFreely(prompt: Prompt, speaker: Speaker): Script {
  if (prompt.jsonSchema !== null) return scriptOf([textBlock(structuredAnswer(prompt))]);
  const blocks = prompt.toolResults.length > 0 ? toolAnswer(prompt) : promptAnswer(prompt, speaker);
  return scriptOf(prompt.thinking === 'off' ? blocks : [thinkingBlock(prompt, speaker), ...blocks]);
}

function structuredAnswer(prompt: Prompt): string {
  const title = prompt.userText
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const text = title.slice(0, TITLE_CHARACTERS_MAX).trim() || 'Sandbox';
  return JSON.stringify(schemaSample(prompt.jsonSchema, text));
}

function toolAnswer(prompt: Prompt): ScriptBlock[] {
  const [first = '', ...others] = prompt.toolResults;
  if (others.length === 0) return [textBlock(`The tool answered: ${quote(first)}`)];
  const lines = prompt.toolResults.map((result, index) => `${index + 1}. ${quote(result)}`);
  return [textBlock(`The tools answered:\n${lines.join('\n')}`)];
}

function promptAnswer(prompt: Prompt, speaker: Speaker): ScriptBlock[] {
  const directives = promptDirectives(prompt);
  const blocks = directives.flatMap((directive) => directiveBlock(directive, prompt) ?? []);
  return blocks.length === 0 ? [textBlock(greeting(prompt, speaker.label))] : blocks;
}

function directiveBlock(directive: Directive, prompt: Prompt): ScriptBlock | null {
  switch (directive.kind) {
    case 'quirks':
      return null;
    case 'say':
      return textBlock(directive.text || '(nothing)');
    case 'tokens':
      return { type: 'text', chunks: fillerChunks(directive.count) };
    case 'unclear':
      return textBlock(`The sandbox did not understand: ${directive.reason}.`);
    case 'fault':
      // Whoever reads this asked again after the fault, or came to a second provider.
      return textBlock(`The fault "${directive.name}" was played; this is the answer after it.`);
    case 'tool': {
      const { name, input } = directive;
      if (!prompt.toolNames.includes(name)) {
        const offered = prompt.toolNames.join(', ') || 'none';
        return textBlock(`The tool ${name} is not offered in this request; offered: ${offered}.`);
      }
      const chunks = Object.keys(input).length === 0 ? [] : toChunks(JSON.stringify(input));
      return { type: 'tool_use', id: null, name, input, chunks };
    }
  }
}

function thinkingBlock(prompt: Prompt, { sign, label }: Speaker): ScriptBlock {
  const thinking = `I stand in for ${label}. ${connectionAdvice.thought}`;
  const chunks = toChunks(thinking);
  if (prompt.thinking === 'shown') {
    return { type: 'thinking', chunks, hiddenTokens: 0, signature: sign(thinking) };
  }
  return { type: 'thinking', chunks: [], hiddenTokens: chunks.length, signature: sign('') };
}

function textBlock(text: string): ScriptBlock {
  return { type: 'text', chunks: toChunks(text) };
}
