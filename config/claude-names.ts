/** A name of a Claude model, in whatever spelling it came, taken apart. */
export interface ClaudeName {
  readonly line: 'haiku' | 'sonnet' | 'opus' | 'fable' | 'mythos';
  /** Line and version, the same for every spelling: `opus-4-5`, `sonnet-5-0`. */
  readonly version: string;
  /** `YYYYMMDD`; null = none given. */
  readonly date: string | null;
}

const LINE = 'haiku|sonnet|opus|fable|mythos';
const VERSION = String.raw`(\d{1,2})(?:-(\d{1,2}))?`;
// The third generation, and some of OpenRouter's spellings, have the number before the line.
const SPELLINGS = new RegExp(
  `^claude-(?:${VERSION}-(${LINE})|(${LINE})-${VERSION})(?:-(?:latest|(\\d{8})))?$`,
);
const MARK_OF_1M = /\[1m\]$/i;
const PICKER_PREFIX = /^claude-via-/i;
// `claude-opus-4-5`, `claude-opus-5`, with or without a date; what has a date or `latest` may be of the old order.
const ANTHROPIC_SPELLING =
  /^claude-(?:[a-z]+-(?:\d{1,2}-\d{1,2}|[5-9]|\d\d)|[a-z]+-4-\d{8}|3(?:-\d)?-[a-z]+-(?:latest|\d{8})|[a-z]+-preview)(?:-\d{8})?$/;

/** Takes off what Claude Code and its model picker put around a name: `claude-via-` and `[1m]`. */
export function unmarkedName(name: string): string {
  return name.replace(MARK_OF_1M, '').replace(PICKER_PREFIX, '');
}

/** The name without its marks and without `anthropic/`, OpenRouter's and the picker's prefix of Claude's names. */
export function bareName(name: string): string {
  return unmarkedName(name).replace(/^~?anthropic\//i, '');
}

/** Whether a bare name is one of Claude's, known or to come. */
export function isClaudeName(bare: string): boolean {
  return /^claude-/i.test(bare);
}

/** The line in a bare name of Claude's, wherever it stands; null = none. */
export function lineInName(bare: string): ClaudeName['line'] | null {
  const found = new RegExp(LINE).exec(bare.toLowerCase())?.[0];
  return (found as ClaudeName['line'] | undefined) ?? null; // the pattern lists the lines
}

/** Takes a bare name apart; null when it follows no known spelling. */
export function parseClaudeName(bare: string): ClaudeName | null {
  const plain = bare.toLowerCase().replaceAll(/[@.]/g, '-');
  const match = SPELLINGS.exec(plain);
  if (match === null) return null;
  const [, majorFirst, minorFirst, lineLast, lineFirst, majorLast, minorLast, date] = match;
  const line = lineLast ?? lineFirst;
  const major = majorFirst ?? majorLast;
  const minor = minorFirst ?? minorLast ?? '0';
  return {
    line: line as ClaudeName['line'], // one of the two is there, and both come from LINE
    version: `${line}-${Number(major)}-${Number(minor)}`,
    date: date ?? null,
  };
}

/** Whether Anthropic itself may know a bare name as it stands: its own spelling, a model of today or tomorrow. */
export function isAnthropicSpelling(bare: string): boolean {
  return ANTHROPIC_SPELLING.test(bare);
}

/** Vertex AI's spelling by rule, for models no catalog knows: a date is set off by `@`. */
export function vertexSpelling(bare: string): string {
  return bare.replace(/^(claude-.*)-(\d{8})$/, '$1@$2');
}

/** OpenRouter's spelling by rule: `claude-opus-4-5-20251101` is `anthropic/claude-opus-4.5`. */
export function openrouterSpelling(bare: string): string {
  const undated = bare.replace(/[-@]\d{8}$/, '');
  const dotted = undated
    .replace(/^(claude-[a-z]+-\d{1,2})-(\d{1,2})$/, '$1.$2')
    .replace(/^claude-(\d)-(\d)-/, 'claude-$1.$2-');
  return `anthropic/${dotted}`;
}
