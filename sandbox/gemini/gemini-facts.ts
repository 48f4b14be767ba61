/** What a Gemini model accepts. */
export interface GeminiFacts {
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** `thinkingLevel` instead of `thinkingBudget`, and calls must bring their thought signature. */
  readonly isThird: boolean;
  /** Smallest and largest `thinkingBudget`; null = the model does not think. */
  readonly thinkingBudget: readonly [number, number] | null;
  readonly canDisableThinking: boolean;
}

const NAME = /^gemini-(\d)(?:\.(\d))?-([a-z0-9][a-z0-9.-]*)$/;

/** The facts that a model's name tells; null for a name that Google would not give. Source: protocol reference §3. */
export function geminiFacts(model: string): GeminiFacts | null {
  const [, major, minor = '0', variant = ''] = NAME.exec(model) ?? [];
  if (major === undefined || /does-not-exist|unknown/.test(variant)) return null;
  const version = Number(major) + Number(minor) / 10;
  const isPro = variant.startsWith('pro');
  return {
    contextTokens: 1_048_576,
    maxOutputTokens: version < 2.5 ? 8_192 : 65_536,
    isThird: version >= 3,
    thinkingBudget: version < 2.5 ? null : isPro ? [128, 32_768] : [0, 24_576],
    canDisableThinking: !isPro,
  };
}
