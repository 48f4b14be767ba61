import { isJsonObject, type JsonObject, textField } from '../../json.ts';

/**
 * Where the dialects write reasoning: DeepSeek, xAI, Qwen, Moonshot and older vLLM; Ollama, OpenRouter, Groq and newer
 * vLLM; native Ollama; Copilot. Servers that fill two of them say the same twice. Source: protocol reference §6.6.
 */
const FIELDS = ['reasoning_content', 'reasoning', 'thinking', 'reasoning_text'] as const;

/** The reasoning text of a message or delta; empty when there is none. */
export function reasoningOf(message: JsonObject): string {
  for (const field of FIELDS) {
    const text = textField(message, field);
    if (text !== null) return text;
  }
  const { reasoning_details: details } = message;
  return Array.isArray(details) ? details.map(detailText).join('') : '';
}

// Snowflake has reasoning in its details only.
function detailText(detail: unknown): string {
  if (!isJsonObject(detail)) return '';
  return textField(detail, 'text') ?? textField(detail, 'summary') ?? '';
}
