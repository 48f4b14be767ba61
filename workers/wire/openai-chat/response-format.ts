import { GatewayError } from '../../../schemas/error.ts';
import { isJsonObject, type JsonObject, objectField } from '../../json.ts';
import type { OpenaiEncodeContext } from './flavour.ts';
import { isStrictSchema } from './strict-schema.ts';

/** How a structured answer is asked for. */
export interface ResponseFormat {
  /** The field `response_format`, or nothing. */
  readonly fields: JsonObject;
  /** What the system text must say, where the model knows no schemas; else null. */
  readonly systemNote: string | null;
}

const NAME = 'answer';

/**
 * Encodes `output_config.format`, or `output_format` of its beta.
 *
 * @throws GatewayError `invalid_request_error` for a format without a schema.
 */
export function encodeResponseFormat(
  body: JsonObject,
  { model, warnings }: OpenaiEncodeContext,
): ResponseFormat {
  const format = objectField(body, 'output_config').format ?? body.output_format;
  if (!isJsonObject(format)) return { fields: {}, systemNote: null };
  if (format.type !== 'json_schema') {
    warnings.add('output_config.format dropped: its type is not known');
    return { fields: {}, systemNote: null };
  }
  const { schema } = format;
  if (!isJsonObject(schema))
    throw new GatewayError(
      'invalid_request_error',
      'output_config.format.schema: Input should be a valid dictionary',
    );
  if (!model.hasStructuredOutput) {
    warnings.add('output_config.format sent as an instruction');
    const systemNote = `Answer with one JSON object and nothing else. It must match this JSON schema:\n${JSON.stringify(schema)}`;
    return { fields: { response_format: { type: 'json_object' } }, systemNote };
  }
  const json_schema = { name: NAME, schema, strict: isStrictSchema(schema) };
  return { fields: { response_format: { type: 'json_schema', json_schema } }, systemNote: null };
}
