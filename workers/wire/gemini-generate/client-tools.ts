import type { JsonObject } from '../../json.ts';

/** A tool that Anthropic defines and the client runs, as a tool of one's own. */
export interface ClientTool {
  readonly description: string;
  readonly inputSchema: JsonObject;
}

const TEXT = { type: 'string' };
const PATH = { type: 'string', description: 'Absolute path of a file or directory.' };
const LINE = {
  type: 'integer',
  minimum: 0,
  description: 'The text goes after this line; 0 = top.',
};
const RANGE = {
  type: 'array',
  items: { type: 'integer' },
  minItems: 2,
  maxItems: 2,
  description: 'First and last line to show, from 1; -1 as the last one means the end of the file.',
};

const BASH: ClientTool = {
  description: 'Runs a command in a bash shell that keeps its state between calls.',
  inputSchema: {
    type: 'object',
    properties: {
      command: { type: 'string', description: 'The command; required unless restart is true.' },
      restart: { type: 'boolean', description: 'True starts the shell anew.' },
    },
  },
};

const MEMORY: ClientTool = {
  description: 'Views, creates, edits, deletes and renames files under /memories.',
  inputSchema: {
    type: 'object',
    properties: {
      command: {
        type: 'string',
        enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'],
      },
      path: PATH,
      view_range: RANGE,
      file_text: TEXT,
      old_str: TEXT,
      new_str: TEXT,
      insert_line: LINE,
      insert_text: TEXT,
      old_path: PATH,
      new_path: PATH,
    },
    required: ['command'],
  },
};

function textEditor(type: string): ClientTool {
  const commands = ['view', 'create', 'str_replace', 'insert'];
  const hasUndo = type === 'text_editor_20250124';
  return {
    description: 'Views, creates and edits text files.',
    inputSchema: {
      type: 'object',
      properties: {
        command: { type: 'string', enum: hasUndo ? [...commands, 'undo_edit'] : commands },
        path: PATH,
        view_range: RANGE,
        file_text: { type: 'string', description: 'The content of a file to create.' },
        old_str: { type: 'string', description: 'The text to replace; it occurs exactly once.' },
        new_str: { type: 'string', description: 'The text that takes its place.' },
        insert_line: LINE,
        insert_text: { type: 'string', description: 'The text to insert.' },
      },
      required: ['command', 'path'],
    },
  };
}

/**
 * The definition behind a tool type of Anthropic's that the client runs, or null.
 *
 * Other models know these tools only by a schema. Source: Anthropic's tool reference, protocol reference §1.5.
 */
export function clientTool(type: string): ClientTool | null {
  if (/^bash_\d+$/.test(type)) return BASH;
  if (/^memory_\d+$/.test(type)) return MEMORY;
  return /^text_editor_\d+$/.test(type) ? textEditor(type) : null;
}
