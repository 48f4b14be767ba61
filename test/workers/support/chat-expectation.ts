/** What a recorded answer says, read from its raw chunks without any code of the product. */
export interface ChatExpectation {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly {
    readonly id: string;
    readonly name: string;
    readonly input: unknown;
  }[];
  readonly finishReason: string;
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly model: string;
}

type Raw = Record<string, unknown>;

/** Reads the lines of a recorded stream, or the one body of a whole answer. */
export function expectationOf(recorded: string): ChatExpectation {
  const bodies = recorded.includes('data: {')
    ? recorded
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line): Raw => JSON.parse(line.slice(6)))
    : [JSON.parse(recorded) as Raw];
  const choices = bodies.flatMap((body) => listOf(body['choices'])).filter(isFirst);
  const messages = choices.map((choice) => objectOf(choice['delta'] ?? choice['message']));
  return {
    text: messages.map(({ content }) => partsOf(content, 'text')).join(''),
    reasoning: messages.map(reasoningIn).join(''),
    calls: callsIn(messages.flatMap(({ tool_calls: calls }) => listOf(calls))),
    finishReason: String(choices.findLast((choice) => choice['finish_reason'])?.['finish_reason']),
    usage:
      bodies.map(({ usage }) => (usage == null ? null : objectOf(usage))).findLast(Boolean) ?? null,
    model: String(bodies.findLast(({ model }) => model !== '')?.['model']),
  };
}

function isFirst({ index }: Raw): boolean {
  return index === 0 || index === undefined;
}

function reasoningIn({ reasoning_content: older, reasoning: newer, content }: Raw): string {
  if (typeof older === 'string') return older;
  return typeof newer === 'string' ? newer : partsOf(content, 'thinking');
}

function partsOf(content: unknown, type: 'text' | 'thinking'): string {
  if (typeof content === 'string') return type === 'text' ? content : '';
  return listOf(content)
    .filter((part) => part['type'] === type)
    .map((part) => (type === 'text' ? String(part['text']) : partsOf(part['thinking'], 'text')))
    .join('');
}

// The recordings are well-behaved in one thing: their calls differ by index, or come whole.
function callsIn(pieces: readonly Raw[]): ChatExpectation['calls'] {
  const calls = new Map<unknown, { id: string; name: string; input: string }>();
  for (const [position, piece] of pieces.entries()) {
    const called = objectOf(piece['function']);
    const key = piece['index'] ?? position;
    const call = calls.get(key) ?? { id: '', name: '', input: '' };
    call.id ||= String(piece['id'] ?? '');
    call.name ||= String(called['name'] ?? '');
    call.input += String(called['arguments'] ?? '');
    calls.set(key, call);
  }
  return [...calls.values()].map((call) => ({ ...call, input: JSON.parse(call.input || '{}') }));
}

function listOf(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
