import { GatewayError } from '../../../schemas/error.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import type { OpenaiEncodeContext } from './flavour.ts';

/** Fields that are translated, and those that mean nothing outside Anthropic: nothing is lost without them. */
const QUIET = new Set([
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'max_tokens', 'stream', 'thinking'],
  ...['temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata', 'output_config'],
  ...['output_format', 'anthropic_version', 'anthropic_beta', 'betas', 'cache_control'],
  ...['context_management', 'diagnostics', 'inference_geo', 'speed', 'service_tier', 'fallbacks'],
  ...['fallback_credit_token', 'billing_policy'],
]);

/**
 * Tells of fields that no other provider has a word for.
 *
 * @throws GatewayError `invalid_request_error` when an answer could not be what the client asked for without one.
 */
export function tellUntranslatedFields(
  body: JsonObject,
  { providerId, warnings }: OpenaiEncodeContext,
): void {
  for (const [name, value] of Object.entries(body)) {
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
    if (!QUIET.has(name) && !isEmpty) warnings.add(`${name} dropped`);
  }
  const { context_management: management } = body;
  const edits = isJsonObject(management) ? management.edits : null;
  if (!Array.isArray(edits)) return;
  for (const edit of edits) {
    if (!isJsonObject(edit) || !String(edit.type).startsWith('compact_')) continue;
    if (edit.pause_after_compaction === true)
      throw new GatewayError(
        'invalid_request_error',
        `context_management.edits: provider ${providerId} cannot pause after a compaction; leave out pause_after_compaction or choose a Claude model`,
      );
    warnings.add('context_management compaction dropped');
  }
}
