import type { Prompt } from './prompt.ts';

const QUOTED_CHARACTERS_MAX = 200;

/** How to get real answers, in the words that the sandbox uses everywhere. */
export const connectionAdvice = {
  thought: 'The honest answer is to say that no model is behind this, and how to connect one.',
  text:
    'To get real answers, give the gateway a credential and start it again: ANTHROPIC_API_KEY, or ' +
    'OPENROUTER_API_KEY, or VERTEX_PROJECT_ID with GOOGLE_APPLICATION_CREDENTIALS.',
  directives:
    'To try the whole path without one, write a line such as `sandbox: tool Bash {"command":"echo hi"}`, ' +
    '`sandbox: tokens 2000`, `sandbox: say anything` or `sandbox: fault overloaded`.',
} as const;

/** What a newcomer reads: who answers, what was asked, and how to connect a provider. */
export function greeting(prompt: Prompt, label: string): string {
  const asked = prompt.userText.trim();
  return [
    `Hello! This is the sandbox of claude-code-multimodel, standing in for ${label} (${prompt.model}): no model was asked.`,
    asked === '' ? 'You wrote nothing that I can read.' : `You wrote: ${quote(asked)}`,
    connectionAdvice.text,
    connectionAdvice.directives,
  ].join('\n\n');
}

/** The start of a text, in quotes. */
export function quote(text: string): string {
  const characters = Array.from(text.slice(0, QUOTED_CHARACTERS_MAX * 2));
  const isWhole =
    characters.length <= QUOTED_CHARACTERS_MAX && text.length <= QUOTED_CHARACTERS_MAX * 2;
  return isWhole ? `“${text}”` : `“${characters.slice(0, QUOTED_CHARACTERS_MAX).join('')}…”`;
}
