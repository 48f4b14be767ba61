import { ApiFailure } from '../api-failure.ts';
import { chatFacts } from '../openai-chat/chat-facts.ts';
import { CACHE_FACTORS, openrouterPrices } from './openrouter-cost.ts';

const SLUG = /^[a-z0-9~_-]+\/[a-z0-9._-]+(?::[a-z]+)?$/i;
const NOBODY = /does-not-exist|no-such|unknown|nonexistent/;
/** Unix seconds of every model's release. */
const CREATED_SECONDS = 1_795_305_600;
const TOKENS_PER_PRICE = 1_000_000;

/** Models that the sandbox lists: slug, name, what goes in. Any other slug is served too. Source: protocol reference §5. */
const MODELS = [
  ['anthropic/claude-opus-5.5', 'Anthropic: Claude Opus 5.5', 'text image file'],
  ['anthropic/claude-sonnet-5.5', 'Anthropic: Claude Sonnet 5.5', 'text image file'],
  ['anthropic/claude-haiku-5.5', 'Anthropic: Claude Haiku 5.5', 'text image file'],
  ['openai/gpt-5.4', 'OpenAI: GPT-5.4', 'text image file'],
  ['openai/gpt-4.1', 'OpenAI: GPT-4.1', 'text image file'],
  ['google/gemini-3.8-flash', 'Google: Gemini 3.8 Flash', 'text image file'],
  ['deepseek/deepseek-v4', 'DeepSeek: DeepSeek V4', 'text'],
  ['qwen/qwen3-coder', 'Qwen: Qwen3 Coder', 'text'],
  ['moonshotai/kimi-k3', 'MoonshotAI: Kimi K3', 'text'],
  ['meta-llama/llama-4-maverick:free', 'Meta: Llama 4 Maverick (free)', 'text image'],
  ['openrouter/auto', 'Auto Router', 'text image file'],
] as const;

/** Throws ApiFailure for what is no slug, and for a model that nobody serves. */
export function checkOpenrouterModel(model: string): void {
  if (!SLUG.test(model)) {
    throw new ApiFailure({ status: 400, message: `${model} is not a valid model ID` });
  }
  if (NOBODY.test(model)) {
    throw new ApiFailure({ status: 404, message: `No endpoints found for ${model}.` });
  }
}

/** The answer to `GET /api/v1/models`: prices are text, in USD per token, and -1 where they vary. */
export function listOpenrouterModels(): string {
  return JSON.stringify({ data: MODELS.map(toModel) });
}

function toModel([id, name, inputs]: (typeof MODELS)[number]): unknown {
  const { contextTokens, maxOutputTokens } = chatFacts(id);
  const isAnthropic = id.startsWith('anthropic/');
  return {
    id,
    canonical_slug: id,
    hugging_face_id: '',
    name,
    created: CREATED_SECONDS,
    description: `${name}, as the sandbox plays it.`,
    context_length: contextTokens,
    architecture: {
      modality: `${inputs.split(' ').join('+')}->text`,
      input_modalities: inputs.split(' '),
      output_modalities: ['text'],
      tokenizer: isAnthropic ? 'Claude' : 'Other',
      instruct_type: null,
    },
    pricing: pricing(id),
    top_provider: {
      context_length: contextTokens,
      max_completion_tokens: id === 'openrouter/auto' ? null : maxOutputTokens,
      is_moderated: isAnthropic,
    },
    per_request_limits: null,
    supported_parameters: SUPPORTED,
    default_parameters: {},
    expiration_date: null,
  };
}

const SUPPORTED = [
  'include_reasoning',
  'max_tokens',
  'reasoning',
  'response_format',
  'stop',
  'structured_outputs',
  'temperature',
  'tool_choice',
  'tools',
  'top_p',
] as const;

function pricing(id: string): Readonly<Record<string, string>> {
  if (id === 'openrouter/auto') return { prompt: '-1', completion: '-1' };
  const [input, output] = id.endsWith(':free') ? [0, 0] : openrouterPrices(id);
  const perToken = (usd: number): string => trimmed((usd / TOKENS_PER_PRICE).toFixed(12));
  return {
    prompt: perToken(input),
    completion: perToken(output),
    request: '0',
    image: '0',
    web_search: '0',
    internal_reasoning: '0',
    input_cache_read: perToken(input * CACHE_FACTORS.read),
    input_cache_write: perToken(input * CACHE_FACTORS.write5m),
  };
}

function trimmed(decimal: string): string {
  return decimal.replace(/\.?0+$/, '');
}
