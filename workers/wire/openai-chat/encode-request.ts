import type { EncodedRequest } from '../../translation/encode.ts';
import type { MessagesRequest } from '../../translation/messages-request.ts';
import { encodeMessages } from './encode-messages.ts';
import { encodeOptions, maxTokensOf } from './encode-options.ts';
import { encodeThinking, isThinking } from './encode-thinking.ts';
import { encodeTools } from './encode-tools.ts';
import { beginEncoding } from './encoding.ts';
import type { OpenaiEncodeContext } from './flavour.ts';
import { encodeResponseFormat } from './response-format.ts';
import { tellUntranslatedFields } from './untranslated-fields.ts';

/**
 * Writes an Anthropic request as an OpenAI chat completion.
 *
 * What cannot be carried is told by `context.warnings`. Pure: the same request gives the same bytes, so that the
 * server's prompt cache can hold.
 *
 * @throws GatewayError `invalid_request_error` for what the server cannot do. Source: protocol reference §7.1.
 */
export function encodeOpenaiRequest(
  request: MessagesRequest,
  context: OpenaiEncodeContext,
): EncodedRequest {
  const { body } = request;
  const encoding = beginEncoding(context);
  tellUntranslatedFields(body, context);
  const maxTokens = maxTokensOf(body, context);
  const { fields: format, systemNote } = encodeResponseFormat(body, context);
  const tools = encodeTools(request, encoding);
  const messages = encodeMessages(request, encoding, systemNote);
  const options = encodeOptions(body, context, {
    isThinking: isThinking(request, context),
    maxTokens,
  });
  const hasTools = 'tools' in tools;
  const thinking = encodeThinking(request, context, { hasTools, maxTokens });
  const encoded = {
    model: context.upstreamModel,
    messages,
    ...tools,
    ...format,
    ...thinking,
    ...options,
  };
  return { body: JSON.stringify(encoded), toolNames: encoding.toolNames.clientNames };
}
