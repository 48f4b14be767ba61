/** What a Claude model accepts. Unknown names count as modern. */
export interface ModelFacts {
  readonly maxOutputTokens: number;
  readonly contextTokens: number;
  readonly hasAdaptiveThinking: boolean;
  /** False: `thinking: {type: "enabled"}` is refused. */
  readonly hasBudgetThinking: boolean;
  /** False: `thinking: {type: "disabled"}` is refused. */
  readonly canDisableThinking: boolean;
  readonly hasSystemMessages: boolean;
  readonly hasPrefill: boolean;
  /** False: sampling parameters must keep their default. */
  readonly hasSampling: boolean;
}

const NAME = /claude-(opus|sonnet|haiku|fable|mythos)-(\d+)(?:[-.](\d{1,2})(?!\d))?/;
const OLD_NAME = /claude-(?:3|2|instant)/;

/** The facts that a model's name tells. Source: protocol reference §0, §1.3, §1.14. */
export function modelFacts(model: string): ModelFacts {
  const [, family = '', major = '99', minor = '0'] = NAME.exec(model) ?? [];
  const version = OLD_NAME.test(model) ? 3 : Number(major) + Number(minor) / 10;
  const isOld = version <= 4.5;
  const isStrict =
    family === 'fable' ||
    (family === 'opus' && version >= 4.7) ||
    (family === 'sonnet' && version >= 5);
  return {
    maxOutputTokens: version === 4.5 ? 64_000 : 128_000,
    contextTokens: isOld || family === 'haiku' ? 200_000 : 1_000_000,
    hasAdaptiveThinking: !isOld,
    hasBudgetThinking: !isStrict,
    canDisableThinking: family !== 'fable',
    hasSystemMessages: !isOld,
    hasPrefill: isOld || family === '',
    hasSampling: !isStrict,
  };
}

/** True for a name that Anthropic could have given: `claude-<family>-<version>`, perhaps with a date. */
export function isClaudeName(model: string): boolean {
  return /^claude-(?:(?:opus|sonnet|haiku|fable|mythos)-(?:\d{1,2}(?:-\d{1,2})?|preview)|3(?:-\d)?-[a-z]+)(?:[-@]\d{8})?$/.test(
    model,
  );
}
