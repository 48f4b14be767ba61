import { arrayOf, isObject, type JsonObject, objectsOf, textOf } from '../messages/json.ts';
import { invalidArgument } from './gemini-failure.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
const PROPERTY_NAME_MAX = 64;
const DECLARATIONS_MAX = 512;

/** Checks the function declarations of all tools and returns their names. Throws ApiFailure. */
export function checkDeclarations(tools: readonly JsonObject[]): readonly string[] {
  const names: string[] = [];
  for (const [toolIndex, tool] of tools.entries()) {
    for (const [index, declaration] of objectsOf(tool['functionDeclarations']).entries()) {
      const where = `tools[${toolIndex}].function_declarations[${index}]`;
      names.push(checkDeclaration(declaration, where, names));
    }
  }
  if (names.length > DECLARATIONS_MAX) {
    throw invalidArgument(
      `Unable to submit request because it has ${names.length} function declarations but the maximum is ${DECLARATIONS_MAX}.`,
    );
  }
  return names;
}

function checkDeclaration(
  declaration: JsonObject,
  where: string,
  before: readonly string[],
): string {
  const name = textOf(declaration['name']);
  if (!NAME.test(name)) {
    throw invalidArgument(
      `* GenerateContentRequest.${where}.name: [FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.) or dashes (-), with a maximum length of 64.`,
    );
  }
  if (before.includes(name)) {
    throw invalidArgument(`Duplicate function declaration found: ${name}`);
  }
  if (declaration['parameters'] != null && declaration['parametersJsonSchema'] != null) {
    throw invalidArgument(
      `Unable to submit request because \`${name}\` functionDeclaration has both \`parameters\` and \`parametersJsonSchema\`. Set one of them.`,
    );
  }
  const parameters = declaration['parameters'];
  if (isObject(parameters)) {
    if (parameters['type'] !== 'OBJECT') {
      throw invalidArgument(
        `Unable to submit request because \`${name}\` functionDeclaration \`parameters\` schema should be of type OBJECT.`,
      );
    }
    checkSchema(parameters, { name, where: `${where}.parameters` });
  }
  return name;
}

interface SchemaPlace {
  readonly name: string;
  readonly where: string;
}

function checkSchema(schema: JsonObject, { name, where }: SchemaPlace): void {
  const refuse = (field: string, reason: string): Error =>
    invalidArgument(`* GenerateContentRequest.${where}.${field}: ${reason}`);
  const { type, format } = schema;
  if (type === undefined && schema['anyOf'] === undefined) {
    throw invalidArgument(
      `Unable to submit request because \`${name}\` functionDeclaration \`${where}\` schema didn't specify the schema type field.`,
    );
  }
  if (type === 'ARRAY' && schema['items'] === undefined) throw refuse('items', 'missing field.');
  if (schema['enum'] !== undefined && type !== 'STRING') {
    throw refuse('enum', 'only allowed for STRING type');
  }
  if (type === 'STRING' && format != null && format !== 'enum' && format !== 'date-time') {
    throw refuse('format', "only 'enum' and 'date-time' are supported for STRING type");
  }
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  for (const [index, required] of arrayOf(schema['required']).entries()) {
    if (Object.hasOwn(properties, String(required))) continue;
    throw refuse(`required[${index}]`, 'property is not defined');
  }
  for (const [property, inner] of Object.entries(properties)) {
    if (property.length > PROPERTY_NAME_MAX) {
      throw refuse('properties', `property name "${property}" is longer than 64 characters`);
    }
    if (isObject(inner)) checkSchema(inner, { name, where: `${where}.properties[${property}]` });
  }
  if (isObject(schema['items'])) checkSchema(schema['items'], { name, where: `${where}.items` });
  for (const [index, inner] of objectsOf(schema['anyOf']).entries()) {
    checkSchema(inner, { name, where: `${where}.any_of[${index}]` });
  }
}
