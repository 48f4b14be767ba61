import { exactNumber } from '../../exact-json.ts';
import { type JsonObject, textField } from '../../json.ts';

/** A tool that Claude knows by its type alone, spelled out for other models. */
export interface TypedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
}

const TEXT = { type: 'string' } as const;
const INTEGER = { type: 'integer' } as const;
const NUMBER = { type: 'number' } as const;
const VIEW_RANGE = {
  type: 'array',
  items: INTEGER,
  description: 'For view: first and last line, counted from 1; -1 as the last means to the end.',
} as const;
const POINT = { type: 'array', items: INTEGER, minItems: 2, maxItems: 2 } as const;
const EDIT_COMMANDS = ['view', 'create', 'str_replace', 'insert'] as const;
const COMPUTER_ACTIONS = [
  ...['key', 'hold_key', 'type', 'cursor_position', 'mouse_move', 'left_mouse_down'],
  ...['left_mouse_up', 'left_click', 'left_click_drag', 'right_click', 'middle_click'],
  ...['double_click', 'triple_click', 'scroll', 'wait', 'screenshot'],
] as const;

/**
 * The known JSON schema of an Anthropic-defined tool that the client runs (bash, text editor, memory, computer); null
 * for every other type. Source: Anthropic's tool documentation and SDK types; protocol reference §1.5.
 */
export function typedTool(tool: JsonObject): TypedTool | null {
  const type = textField(tool, 'type') ?? '';
  if (type.startsWith('bash_')) return bash(tool);
  if (type.startsWith('text_editor_')) return textEditor(tool, type);
  if (type.startsWith('memory_')) return memory(tool);
  // The toolset of the same family is many tools without names of their own.
  if (/^computer_\d/.test(type)) return computer(tool);
  return null;
}

function bash(tool: JsonObject): TypedTool {
  return {
    name: textField(tool, 'name') ?? 'bash',
    description:
      'Runs a command in a bash session that lasts: its directory and variables are kept between calls.',
    parameters: schema({
      command: { ...TEXT, description: 'The command; required unless restart is true.' },
      restart: { type: 'boolean', description: 'True starts a new session.' },
    }),
  };
}

function textEditor(tool: JsonObject, type: string): TypedTool {
  // The versions since April 2025 have no undo.
  const hasUndo = type < 'text_editor_20250429';
  const commands = [...EDIT_COMMANDS, ...(hasUndo ? ['undo_edit'] : [])];
  return {
    name: textField(tool, 'name') ?? 'str_replace_based_edit_tool',
    description: 'Views, creates and edits text files.',
    parameters: schema(
      {
        command: { ...TEXT, enum: commands },
        path: { ...TEXT, description: 'Absolute path of a file or directory.' },
        ...editFields(hasUndo ? 'new_str' : 'insert_text'),
      },
      ['command', 'path'],
    ),
  };
}

function memory(tool: JsonObject): TypedTool {
  return {
    name: textField(tool, 'name') ?? 'memory',
    description:
      'Keeps notes for later conversations as files under /memories. View that directory before starting a task.',
    parameters: schema(
      {
        command: { ...TEXT, enum: [...EDIT_COMMANDS, 'delete', 'rename'] },
        path: { ...TEXT, description: 'Path under /memories; for all commands but rename.' },
        ...editFields('insert_text'),
        old_path: { ...TEXT, description: 'For rename.' },
        new_path: { ...TEXT, description: 'For rename.' },
      },
      ['command'],
    ),
  };
}

function editFields(insertField: 'insert_text' | 'new_str'): JsonObject {
  return {
    file_text: { ...TEXT, description: 'For create: the whole content.' },
    old_str: { ...TEXT, description: 'For str_replace: text that occurs exactly once.' },
    new_str: { ...TEXT, description: 'For str_replace: the text in its place.' },
    insert_line: { ...INTEGER, description: 'For insert: the line after which; 0 = at the start.' },
    [insertField]: { ...TEXT, description: 'The new text of str_replace or insert.' },
    view_range: VIEW_RANGE,
  };
}

function computer(tool: JsonObject): TypedTool {
  const width = exactNumber(tool.display_width_px);
  const height = exactNumber(tool.display_height_px);
  const size = width === null || height === null ? '' : ` The screen is ${width}x${height} pixels.`;
  const hasZoom = tool.enable_zoom === true;
  return {
    name: textField(tool, 'name') ?? 'computer',
    description: `Controls a computer by mouse, keyboard and screenshots.${size} Take a screenshot to see what an action did.`,
    parameters: schema(
      {
        action: { ...TEXT, enum: [...COMPUTER_ACTIONS, ...(hasZoom ? ['zoom'] : [])] },
        coordinate: { ...POINT, description: 'x and y in pixels.' },
        start_coordinate: { ...POINT, description: 'For left_click_drag: where it begins.' },
        text: { ...TEXT, description: 'For type: the text; for key and hold_key: e.g. ctrl+s.' },
        duration: { ...NUMBER, description: 'For hold_key and wait: seconds.' },
        scroll_direction: { ...TEXT, enum: ['up', 'down', 'left', 'right'] },
        scroll_amount: { ...INTEGER, description: 'For scroll: steps of the wheel.' },
        ...(hasZoom
          ? { region: { type: 'array', items: INTEGER, description: 'For zoom: x0, y0, x1, y1.' } }
          : {}),
      },
      ['action'],
    ),
  };
}

function schema(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}
