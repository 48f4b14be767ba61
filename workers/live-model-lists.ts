import type { ModelCapabilities } from '../config/catalog.ts';
import { LIMITS } from '../config/limits.ts';
import type { LiveModel } from '../config/live-models.ts';
import { isJsonObject, type JsonObject, numberField, objectField, textField } from './json.ts';

// What servers say of themselves; the first that is there counts.
const WINDOW_FIELDS = [
  'context_length', // Together, LM Studio
  'context_window', // Groq
  'max_model_len', // vLLM
  'loaded_context_length', // LM Studio
  'max_context_length', // Mistral, LM Studio
];
const OUTPUT_FIELDS = ['max_completion_tokens', 'max_output_tokens'];
const NO_CHAT_TYPES = new Set([
  'embedding',
  'embeddings',
  'rerank',
  'moderation',
  'image',
  'audio',
]);
/** What a request may ask for: the ingress refuses other names. */
const MODEL_NAME = /^[A-Za-z0-9~][A-Za-z0-9._:@/~+-]*$/;
const MS_PER_SECOND = 1_000;
/** Year 9999: what comes later is no time. */
const SECONDS_MAX = 253_402_300_799;

/**
 * Reads OpenRouter's `GET /api/v1/models`; models that write no text are left out. Null = it is no such list.
 *
 * Source: protocol reference §5.
 */
export function parseOpenrouterModels(json: unknown): readonly LiveModel[] | null {
  return listed(json, (entry) => {
    const architecture = objectField(entry, 'architecture');
    const outputs = texts(architecture['output_modalities']);
    if (outputs !== null && !outputs.includes('text')) return null;
    const top = objectField(entry, 'top_provider');
    const parameters = texts(entry['supported_parameters']);
    const inputs = texts(architecture['input_modalities']);
    return {
      displayName: textField(entry, 'name'),
      contextWindowTokens: tokens(entry, 'context_length') ?? tokens(top, 'context_length'),
      maxOutputTokens: tokens(top, 'max_completion_tokens'),
      capabilities: {
        ...(parameters === null
          ? {}
          : {
              tools: parameters.includes('tools'),
              structuredOutput: parameters.includes('structured_outputs'),
              ...(parameters.includes('reasoning') ? {} : { thinking: 'none' as const }),
            }),
        ...(inputs === null ? {} : { images: inputs.includes('image') }),
      },
    };
  });
}

/**
 * Reads `GET /models` of an OpenAI-compatible server, with what Groq, vLLM, LM Studio, Mistral, Together and GitHub's
 * catalogue add to it. Null = it is no such list.
 */
export function parseOpenaiModels(json: unknown): readonly LiveModel[] | null {
  return listed(json, (entry) => {
    const told = objectField(entry, 'capabilities');
    const type = textField(entry, 'type');
    if (told['completion_chat'] === false || (type !== null && NO_CHAT_TYPES.has(type)))
      return null;
    const limits = objectField(entry, 'limits');
    const inputs = texts(entry['supported_input_modalities']);
    const tools = flag(told['function_calling']);
    const images = flag(told['vision']) ?? inputs?.includes('image');
    return {
      displayName: textField(entry, 'display_name') ?? textField(entry, 'name'),
      contextWindowTokens:
        firstTokens(entry, WINDOW_FIELDS) ??
        tokens(limits, 'max_input_tokens') ??
        tokens(objectField(entry, 'meta'), 'n_ctx_train'),
      maxOutputTokens: firstTokens(entry, OUTPUT_FIELDS) ?? tokens(limits, 'max_output_tokens'),
      capabilities: capabilitiesOf(tools, images),
    };
  });
}

type Read = Omit<LiveModel, 'id' | 'createdAt'>;

function listed(
  json: unknown,
  read: (entry: JsonObject) => Read | null,
): readonly LiveModel[] | null {
  const data = isJsonObject(json) ? json['data'] : json;
  if (!Array.isArray(data)) return null;
  const models = new Map<string, LiveModel>();
  for (const entry of data.slice(0, LIMITS.liveModelsMax)) {
    if (!isJsonObject(entry)) continue;
    const id = textField(entry, 'id');
    if (id === null || !isName(id)) continue;
    const rest = read(entry);
    if (rest !== null) models.set(id, { id, createdAt: createdAt(entry), ...rest });
  }
  return [...models.values()];
}

function isName(id: string): boolean {
  return id.length <= LIMITS.modelNameCharactersMax && MODEL_NAME.test(id);
}

function createdAt(entry: JsonObject): string | null {
  const seconds = numberField(entry, 'created');
  if (seconds === null || seconds <= 0 || seconds > SECONDS_MAX) return null;
  return new Date(Math.floor(seconds) * MS_PER_SECOND).toISOString().replace('.000Z', 'Z');
}

function capabilitiesOf(
  tools: boolean | undefined,
  images: boolean | undefined,
): ModelCapabilities | null {
  if (tools === undefined && images === undefined) return null;
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(images === undefined ? {} : { images }),
  };
}

function tokens(object: JsonObject, name: string): number | null {
  const value = numberField(object, name);
  return value !== null && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function firstTokens(object: JsonObject, names: readonly string[]): number | null {
  for (const name of names) {
    const value = tokens(object, name);
    if (value !== null) return value;
  }
  return null;
}

function texts(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
