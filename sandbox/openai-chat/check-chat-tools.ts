import { isObject, type JsonObject, textOf } from '../messages/json.ts';
import { emptyArray, notSupported, tooLong, wrongType } from './check-field.ts';
import { badChat } from './error-bodies.ts';

const NAME_LENGTH_MAX = 64;
const NAME = /^[a-zA-Z0-9_-]+$/;
const CHOICES = ['none', 'auto', 'required'] as const;
const TOOLS_MAX = 128;

/** Checks `tools`, `tool_choice` and `parallel_tool_calls`. Throws ApiFailure. */
export function checkChatTools(body: JsonObject): void {
  const { tools, tool_choice: choice } = body;
  if (tools == null) {
    for (const name of ['tool_choice', 'parallel_tool_calls']) {
      if (body[name] == null) continue;
      throw badChat(
        `Invalid value for '${name}': '${name}' is only allowed when 'tools' are specified.`,
        { param: name },
      );
    }
    return;
  }
  if (!Array.isArray(tools)) throw wrongType('tools', 'array', tools);
  if (tools.length === 0) throw emptyArray('tools');
  if (tools.length > TOOLS_MAX) {
    throw badChat(
      `Invalid 'tools': array too long. Expected an array with maximum length ${TOOLS_MAX}, but got an array with length ${tools.length} instead.`,
      { param: 'tools', code: 'array_above_max_length' },
    );
  }
  const names = tools.map((tool, index) => checkTool(tool, `tools[${index}]`));
  checkChoice(choice, names);
}

/** Checks the name of a function. Throws ApiFailure. */
export function checkFunctionName(name: unknown, param: string): void {
  if (typeof name !== 'string') throw wrongType(param, 'string', name);
  if (name.length > NAME_LENGTH_MAX) throw tooLong(param, NAME_LENGTH_MAX, name.length);
  if (NAME.test(name)) return;
  throw badChat(
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${NAME.source}'.`,
    { param, code: 'invalid_value' },
  );
}

function checkTool(tool: unknown, where: string): string {
  if (!isObject(tool)) throw wrongType(where, 'object', tool);
  if (tool['type'] !== 'function') {
    throw notSupported(`${where}.type`, tool['type'], ['function', 'custom']);
  }
  const called = tool['function'];
  if (!isObject(called)) {
    throw badChat(`Missing required parameter: '${where}.function'.`, {
      param: `${where}.function`,
      code: 'missing_required_parameter',
    });
  }
  for (const name of Object.keys(called)) {
    if (['name', 'description', 'parameters', 'strict'].includes(name)) continue;
    const param = `${where}.function.${name}`;
    throw badChat(`Unknown parameter: '${param}'.`, { param, code: 'unknown_parameter' });
  }
  checkFunctionName(called['name'], `${where}.function.name`);
  const name = textOf(called['name']);
  checkParameters(called['parameters'], name, `${where}.function.parameters`);
  return name;
}

function checkParameters(parameters: unknown, name: string, param: string): void {
  if (parameters == null) return;
  if (!isObject(parameters)) throw wrongType(param, 'object', parameters);
  if (parameters['type'] === 'object') return;
  const type = parameters['type'] === undefined ? 'None' : String(parameters['type']);
  throw badChat(
    `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`,
    { param, code: 'invalid_function_parameters' },
  );
}

function checkChoice(choice: unknown, names: readonly string[]): void {
  if (choice == null) return;
  if (typeof choice === 'string') {
    if (CHOICES.some((one) => one === choice)) return;
    throw notSupported('tool_choice', choice, CHOICES);
  }
  if (!isObject(choice)) throw wrongType('tool_choice', 'object', choice);
  const name = isObject(choice['function']) ? textOf(choice['function']['name']) : '';
  if (choice['type'] === 'function' && names.includes(name)) return;
  throw badChat(`Tool choice '${name || 'function'}' not found in 'tools' parameter.`, {
    param: 'tool_choice',
  });
}
