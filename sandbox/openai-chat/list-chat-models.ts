import { ApiFailure } from '../api-failure.ts';
import { chatFacts, isServedChatModel } from './chat-facts.ts';
import { CREATED_SECONDS } from './encode-chat-stream.ts';

/** Models that the sandbox lists: id and owner. Any other name is served too. Source: protocol reference §6. */
const MODELS = [
  ['gpt-5.4', 'openai'],
  ['gpt-4.1', 'openai'],
  ['gpt-4o-mini', 'openai'],
  ['deepseek-chat', 'deepseek'],
  ['deepseek-reasoner', 'deepseek'],
  ['qwen3', 'library'],
  ['llama3.3', 'library'],
  ['mistral-large-latest', 'mistralai'],
] as const;

/** The answer to `GET /v1/models`; the length of the context is vLLM's addition. */
export function listChatModels(): string {
  return JSON.stringify({ object: 'list', data: MODELS.map(([id, owner]) => toModel(id, owner)) });
}

/** The answer to `GET /v1/models/{id}`. Throws ApiFailure. */
export function retrieveChatModel(id: string): string {
  if (!isServedChatModel(id)) {
    throw new ApiFailure({ status: 404, message: `The model '${id}' does not exist` });
  }
  return JSON.stringify(toModel(id, MODELS.find(([known]) => known === id)?.[1] ?? 'library'));
}

function toModel(id: string, owner: string): unknown {
  return {
    id,
    object: 'model',
    created: CREATED_SECONDS,
    owned_by: owner,
    max_model_len: chatFacts(id).contextTokens,
  };
}
