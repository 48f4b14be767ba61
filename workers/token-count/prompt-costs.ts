/** What a model family puts around the texts of a prompt, in tokens. */
export interface PromptCosts {
  /** Tokens of the model per token of Claude 2's vocabulary. */
  readonly factor: number;
  readonly perRequest: number;
  readonly perMessage: number;
  /** The hidden instructions on tools, when there are any. */
  readonly toolPrompt: number;
  /** The same when `tool_choice` demands a tool. */
  readonly forcedToolPrompt: number;
  readonly perTool: number;
  readonly perToolUse: number;
  readonly perToolResult: number;
  /** The hidden instructions of `thinking: {type: enabled}`. */
  readonly thinkingPrompt: number;
  /** The hidden instructions on citations. */
  readonly citationPrompt: number;
}

/** Claude up to 4.x, fitted to the recorded requests (shared fixtures `anthropic`, `vertex-anthropic`). */
export const CLAUDE_COSTS: PromptCosts = {
  factor: 1.08,
  perRequest: 4,
  perMessage: 3,
  toolPrompt: 496,
  forcedToolPrompt: 590,
  perTool: 2,
  perToolUse: 30,
  perToolResult: 20,
  thinkingPrompt: 29,
  citationPrompt: 575,
};

/** Claude 5 and later: shorter instructions on tools. */
export const CLAUDE_5_COSTS: PromptCosts = {
  ...CLAUDE_COSTS,
  perRequest: 3,
  toolPrompt: 432,
  forcedToolPrompt: 526,
};

/** Other models: their vocabularies are a little larger than Claude's, and they are told less. */
export const OTHER_COSTS: PromptCosts = {
  factor: 1,
  perRequest: 3,
  perMessage: 4,
  toolPrompt: 60,
  forcedToolPrompt: 60,
  perTool: 8,
  perToolUse: 8,
  perToolResult: 4,
  thinkingPrompt: 0,
  citationPrompt: 0,
};

// `claude-opus-5-5` and `anthropic/claude-fable-5`, but neither `claude-sonnet-4-5` nor `claude-3-5-sonnet`.
const CLAUDE_5_PATTERN = /claude-(?:[a-z]+-)?[5-9](?!\d)/i;

/** The costs of a model by its name, in any provider's spelling. */
export function promptCosts(model: string): PromptCosts {
  if (CLAUDE_5_PATTERN.test(model)) return CLAUDE_5_COSTS;
  return /claude|anthropic/i.test(model) ? CLAUDE_COSTS : OTHER_COSTS;
}

// Tools that Anthropic defines: what their hidden definitions cost. Measured with the recordings `memory-tool`,
// `web-search-stream`, `advisor-stream`, `tool-search-stream-turn1`; bash, text editor and computer as documented.
const ANTHROPIC_TOOLS: readonly (readonly [typePrefix: string, tokens: number])[] = [
  ['web_search', 1_710],
  ['web_fetch', 1_710],
  ['memory', 1_070],
  ['advisor', 675],
  ['tool_search_tool', 190],
  ['bash', 245],
  ['text_editor', 700],
  ['computer', 735],
];
const UNKNOWN_ANTHROPIC_TOOL = 700;

/** Tokens of a tool that Anthropic defines (`web_search_20250305`), by its type. */
export function anthropicToolTokens(type: string): number {
  const known = ANTHROPIC_TOOLS.find(([prefix]) => type.startsWith(prefix));
  return known?.[1] ?? UNKNOWN_ANTHROPIC_TOOL;
}
