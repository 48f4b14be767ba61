import { type JsonObject, objectField, textField } from '../../json.ts';

const FENCE_MIN = 3;

/** What Google's own code execution ran, and what that printed, as fenced text; null when the part is neither. */
export function codeText(part: JsonObject): string | null {
  if ('executableCode' in part) {
    const executable = objectField(part, 'executableCode');
    const language = textField(executable, 'language')?.toLowerCase() ?? '';
    return fenced(
      textField(executable, 'code') ?? '',
      /^[a-z0-9+#-]{1,20}$/.test(language) ? language : '',
    );
  }
  if (!('codeExecutionResult' in part)) return null;
  return fenced(textField(objectField(part, 'codeExecutionResult'), 'output') ?? '', '');
}

function fenced(text: string, language: string): string {
  const ticks = (text.match(/`+/g) ?? []).map((run) => run.length + 1);
  const fence = '`'.repeat(ticks.reduce((most, length) => Math.max(most, length), FENCE_MIN));
  return `\n${fence}${language}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}\n`;
}
