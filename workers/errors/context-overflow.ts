/** How the dialects say that a prompt does not fit, with the numbers they give. Linear patterns only. */
const PROMPT_PATTERNS: readonly RegExp[] = [
  // OpenAI, DeepSeek, OpenRouter, vLLM.
  /maximum context length (?:is|of) (?<limit>\d+) tokens[\s\S]{0,80}?(?:requested|resulted in)(?: about)? (?<asked>\d+)/i,
  // vLLM of today, xAI, Mistral, Moonshot, llama.cpp, LM Studio, GitHub Models.
  /(?:context|prompt) length is (?<limit>\d+)[\s\S]{0,60}?request (?:has|contains) (?<asked>\d+)/i,
  /passed (?<asked>\d+) input tokens[\s\S]{0,120}?context length is only (?<limit>\d+)/i,
  /prompt contains (?<asked>\d+) tokens[\s\S]{0,60}?model with (?<limit>\d+) maximum context length/i,
  /exceeded model token limit: (?<limit>\d+) \(requested: (?<asked>\d+)\)/i,
  /request \((?<asked>\d+) tokens\) exceeds the available context size \((?<limit>\d+) tokens\)/i,
  /exceeds the available context size/i,
  /loaded with context length of only (?<limit>\d+) tokens/i,
  /request body too large for .{1,80} model\. max size: (?<limit>\d+) tokens/i,
  /configured limit of (?<limit>\d+) tokens[\s\S]{0,80}?resulted in (?<asked>\d+)/i,
  /maximum context length (?:is|of) (?<limit>\d+)/i,
  // Gemini.
  /input token count \((?<asked>\d+)\) exceeds the maximum number of tokens allowed \((?<limit>\d+)\)/i,
  // Ollama.
  /prompt too long; exceeded max context length by (?<excess>\d+) tokens/i,
  // Bedrock.
  /input is too long for requested model/i,
];
/** OpenAI's breakdown of a request that is too long with its answer. */
const BREAKDOWN = /\((?<prompt>\d+) (?:in|of) [^,()]{0,60}, (?<output>\d+) (?:in|of) /;
/** vLLM's: the answer's limit alone is what does not fit. */
const OUTPUT_TOO_LARGE =
  /max_tokens'? or '?max_completion_tokens'? is too large: (?<output>\d+)[\s\S]{0,120}?request has (?<prompt>\d+) input tokens/i;
const OVERFLOW_CODES = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'tokens_limit_reached',
]);
/** Wordings that Claude Code knows already. Source: protocol reference §1.14. */
const OWN_WORDINGS = /prompt is too long|input length and `max_tokens` exceed/;
/** The window assumed where an upstream gives no number: what most models have. */
const WINDOW_TOKENS_ASSUMED = 200_000;

/**
 * Rewrites another dialect's "too long" into the wording on which Claude Code compacts; null when it is about
 * something else, or worded so already.
 *
 * Numbers that the upstream does not give are our estimate; they then still say that the prompt is the larger one.
 */
export function overflowMessage(
  message: string,
  code: string | null,
  inputTokensEstimate: number,
): string | null {
  if (OWN_WORDINGS.test(message)) return null;
  const match = PROMPT_PATTERNS.map((pattern) => pattern.exec(message)).find((found) => found);
  if (!match && !(code !== null && OVERFLOW_CODES.has(code))) return null;
  const { asked, limit, excess } = match?.groups ?? {};
  const limitTokens = limit === undefined ? undefined : Number(limit);
  const breakdown = OUTPUT_TOO_LARGE.exec(message) ?? BREAKDOWN.exec(message);
  const { prompt, output } = breakdown?.groups ?? {};
  if (limitTokens !== undefined && prompt !== undefined && Number(prompt) <= limitTokens) {
    return (
      `input length and \`max_tokens\` exceed context limit: ${prompt} + ${output} > ${limitTokens}, ` +
      'decrease input length or `max_tokens` and try again'
    );
  }
  const tokens =
    prompt !== undefined || asked !== undefined
      ? Number(prompt ?? asked)
      : Math.max(inputTokensEstimate, (limitTokens ?? WINDOW_TOKENS_ASSUMED) + 1);
  const maximum =
    limitTokens ??
    (excess === undefined ? WINDOW_TOKENS_ASSUMED : Math.max(1, tokens - Number(excess)));
  return `prompt is too long: ${tokens} tokens > ${maximum} maximum`;
}
