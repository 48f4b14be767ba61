import { chatFacts } from '../openai-chat/chat-facts.ts';

/** Models of the catalogue: id, name, publisher. Source: protocol reference §4. */
const MODELS = [
  ['openai/gpt-5.4', 'OpenAI GPT-5.4', 'OpenAI'],
  ['openai/gpt-4.1', 'OpenAI GPT-4.1', 'OpenAI'],
  ['deepseek/deepseek-r1', 'DeepSeek-R1', 'DeepSeek'],
  ['xai/grok-4-1-fast-non-reasoning', 'Grok 4.1 Fast', 'xAI'],
] as const;

/** The answer to `GET /catalog/models`: a bare array. */
export function listCatalog(): string {
  return JSON.stringify(
    MODELS.map(([id, name, publisher]) => {
      const { contextTokens, maxOutputTokens } = chatFacts(id);
      return {
        id,
        name,
        publisher,
        summary: `${name}, as the sandbox plays it.`,
        rate_limit_tier: 'high',
        supported_input_modalities: ['text'],
        supported_output_modalities: ['text'],
        tags: ['agents'],
        limits: { max_input_tokens: contextTokens, max_output_tokens: maxOutputTokens },
        capabilities: ['streaming', 'tool-calling'],
        version: '1',
      };
    }),
  );
}
