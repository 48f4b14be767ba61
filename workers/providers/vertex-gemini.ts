import type { ProviderSettings } from '../../config/config.ts';
import { resolveModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { asBuffer, type JsonObject } from '../json.ts';
import type { Provider, Work } from '../provider.ts';
import type { ProviderContext } from '../registry.ts';
import { chosenHeaders } from '../request-headers.ts';
import { modelFacts } from '../translation/model-facts.ts';
import { type ReadWork, readWork, translationOf } from '../translation/translate.ts';
import { encodeGeminiCount, encodeGeminiRequest } from '../wire/gemini-generate/encode-request.ts';
import { geminiGenerate } from '../wire/gemini-generate.ts';
import { googleCredentialsOf } from './vertex-credentials.ts';
import { vertexPath } from './vertex-url.ts';

/** `Invalid thought signature`, `Corrupted thought signature`. Source: protocol reference §3. */
const SIGNATURE_REFUSED = /(?:invalid|corrupted) thought.?signature/i;

/** Gemini on Vertex AI. */
export function createVertexGemini(settings: ProviderSettings, context: ProviderContext): Provider {
  const { toolStates, modelMapping } = context;
  const credentials = context.google ?? googleCredentialsOf(settings);
  const project = settings.projectId ?? '';
  const region = settings.region ?? 'global';
  const safetySettings = safetySettingsOf(settings);
  /** Attempts whose signatures were refused. */
  const unsigned = new WeakSet<Work>();
  return {
    id: 'vertex-gemini',
    wire: geminiGenerate,
    account: settings.account,
    countsTokens: true,
    async request(work, signal) {
      const { facts, headers } = work.dispatch;
      const { upstreamModel, model } = resolveModel(
        facts.requestModel,
        'vertex-gemini',
        modelMapping,
      );
      const target = {
        providerId: 'vertex-gemini',
        upstreamModel,
        model: modelFacts(model),
      } as const;
      const known = await readWork(work, target, toolStates);
      const read = unsigned.has(work) ? withoutSignatures(known) : known;
      const encodeContext = { ...read.context, safetySettings, usesJsonSchema: false };
      const { token, quotaProject } = await credentials.current(signal);
      const own: HeaderPair[] = [['authorization', `Bearer ${token}`]];
      if (quotaProject !== null) own.push(['x-goog-user-project', quotaProject]);
      const call = {
        origin: settings.baseUrl,
        path: vertexPath({
          project,
          region,
          publisher: 'google',
          call: callOf(facts, upstreamModel),
        }),
        headers: chosenHeaders(headers, [], own),
        upstreamModel,
      };
      if (facts.operation === 'count_tokens') {
        return { ...call, body: [Buffer.from(encodeGeminiCount(read.request, encodeContext))] };
      }
      const encoded = encodeGeminiRequest(read.request, encodeContext);
      return {
        ...call,
        body: [Buffer.from(encoded.body)],
        translation: translationOf(read, encoded),
      };
    },
    renewCredential: () => credentials.renew(),
    // A signature of another project or route: without any, the request is merely less well informed.
    learn(_request, { status, body, work }) {
      if (status !== 400 || !SIGNATURE_REFUSED.test(asBuffer(body).toString('utf8'))) return false;
      unsigned.add(work);
      return true;
    },
  };
}

const HARM_CATEGORIES = [
  'HARM_CATEGORY_HARASSMENT',
  'HARM_CATEGORY_HATE_SPEECH',
  'HARM_CATEGORY_SEXUALLY_EXPLICIT',
  'HARM_CATEGORY_DANGEROUS_CONTENT',
] as const;

function safetySettingsOf({ safetyThreshold: threshold }: ProviderSettings): readonly JsonObject[] {
  if (threshold === undefined) return [];
  return HARM_CATEGORIES.map((category) => ({ category, threshold }));
}

function withoutSignatures({ request, context }: ReadWork): ReadWork {
  const states = [...context.toolStates].map(
    ([id, state]) => [id, { ...state, thoughtSignature: null }] as const,
  );
  const turns = request.turns.map((turn) => ({
    ...turn,
    blocks: turn.blocks.filter(({ type }) => type !== 'thinking'),
  }));
  return { request: { ...request, turns }, context: { ...context, toolStates: new Map(states) } };
}

function callOf({ operation, isStream }: Work['dispatch']['facts'], model: string): string {
  if (operation === 'count_tokens') return `${model}:countTokens`;
  return isStream ? `${model}:streamGenerateContent?alt=sse` : `${model}:generateContent`;
}
