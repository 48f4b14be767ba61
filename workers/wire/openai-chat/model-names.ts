const OPENAI_REASONING = /^(?:o\d|gpt-(?:[5-9]|\d\d)|codex)/i;
const REFUSES_EFFORT_WITH_TOOLS = /^gpt-(?:5\.[4-9]|[6-9]|\d\d)/i;
const CACHES_BY_HINT = /claude|gemini/i;

/** True for OpenAI's own reasoning models: they know only `max_completion_tokens`, and refuse sampling and `stop`. */
export function isOpenaiReasoning(model: string): boolean {
  return OPENAI_REASONING.test(bareName(model));
}

/**
 * True for models that refuse `reasoning_effort` beside function tools at chat completions.
 * Source: protocol reference §6.10.
 */
export function refusesEffortWithTools(model: string): boolean {
  return REFUSES_EFFORT_WITH_TOOLS.test(bareName(model));
}

/** True for models whose prompt cache goes by `cache_control`. Source: protocol reference §7.1. */
export function cachesByHint(model: string): boolean {
  return CACHES_BY_HINT.test(model);
}

function bareName(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1);
}
