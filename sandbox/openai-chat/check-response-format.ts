import { ApiFailure } from '../api-failure.ts';
import { isObject, objectsOf, textOf } from '../messages/json.ts';
import { notSupported, wrongType } from './check-field.ts';
import { badChat } from './error-bodies.ts';

const FORMATS = ['json_object', 'json_schema', 'text'] as const;
const FORMAT_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** Checks `response_format`; a strict schema must close every object. Throws ApiFailure. */
export function checkResponseFormat(format: unknown): void {
  if (format == null) return;
  if (!isObject(format)) throw wrongType('response_format', 'object', format);
  const type = format['type'];
  if (!FORMATS.some((one) => one === type))
    throw notSupported('response_format.type', type, FORMATS);
  if (type !== 'json_schema') return;
  const schema = format['json_schema'];
  const param = 'response_format.json_schema';
  if (!isObject(schema)) throw missing(param);
  if (schema['name'] === undefined) throw missing(`${param}.name`);
  if (!FORMAT_NAME.test(textOf(schema['name']))) {
    throw badChat(
      `Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      { param: `${param}.name`, code: 'invalid_value' },
    );
  }
  if (schema['strict'] === true) checkStrictSchema(schema['schema'], []);
}

function checkStrictSchema(schema: unknown, context: readonly string[]): void {
  if (!isObject(schema)) return;
  const isObjectSchema = schema['type'] === 'object';
  if (isObjectSchema && schema['additionalProperties'] !== false) {
    const where = `(${context.map((name) => `'${name}'`).join(', ')})`;
    throw new ApiFailure({
      status: 400,
      message: `Invalid schema for response_format 'response': In context=${where}, 'additionalProperties' is required to be supplied and to be false.`,
      param: 'response_format',
      code: null,
    });
  }
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  for (const [name, inner] of Object.entries(properties)) {
    checkStrictSchema(inner, [...context, 'properties', name]);
  }
  checkStrictSchema(schema['items'], [...context, 'items']);
  for (const inner of objectsOf(schema['anyOf'])) checkStrictSchema(inner, [...context, 'anyOf']);
}

function missing(param: string): ApiFailure {
  return badChat(`Missing required parameter: '${param}'.`, {
    param,
    code: 'missing_required_parameter',
  });
}
