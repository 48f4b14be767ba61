/** How the upstream answers during a case. */
export type UpstreamBehaviour =
  | { readonly kind: 'message' }
  | { readonly kind: 'burst' }
  | { readonly kind: 'paced' }
  /** Ten chunks: for the time to the first content, without a flood behind it. */
  | { readonly kind: 'short' }
  /** The first event, then silence. */
  | { readonly kind: 'hold' };

/** One workload. */
export interface Case {
  readonly name: string;
  readonly concurrency: number;
  readonly behaviour: UpstreamBehaviour;
  readonly isStream: boolean;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const HEADERS = {
  'content-type': 'application/json',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
  'user-agent': 'claude-cli/2.1.330 (external, sdk-cli)',
  'x-api-key': 'sk-ant-bench-client',
  'x-claude-code-session-id': '11111111-2222-4333-8444-555555555555',
  'x-stainless-timeout': '600',
};

const WORDS =
  'The quick brown fox wrote "const x = 1;" on line 12, and nobody minded.\nThen it rested. ';

/** A request of about this many bytes, shaped like Claude Code's: text with quotes and line ends. */
export function requestBody(bytes: number, isStream: boolean): Buffer {
  const piece = WORDS.repeat(Math.ceil(Math.min(bytes, 4_000) / WORDS.length));
  const messages: unknown[] = [];
  for (let size = 0; size < bytes - 300; size += piece.length * 1.05) {
    const text = piece.slice(0, Math.max(1, bytes - 300 - size));
    messages.push({
      role: messages.length % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text }],
    });
  }
  messages.push({ role: 'user', content: 'go on' });
  return Buffer.from(
    JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 1024, messages, stream: isStream }),
  );
}

const KB = 1_000;

/** Every workload, small to large. */
export const CASES: readonly Case[] = [
  ...[1, 100].map(
    (size): Case => ({
      name: `${size} KB, no stream`,
      concurrency: 32,
      behaviour: { kind: 'message' },
      isStream: false,
      body: requestBody(size * KB, false),
      headers: HEADERS,
    }),
  ),
  ...[1, 100].map(
    (size): Case => ({
      name: `${size} KB, 200-chunk stream, burst`,
      concurrency: 32,
      behaviour: { kind: 'burst' },
      isStream: true,
      body: requestBody(size * KB, true),
      headers: HEADERS,
    }),
  ),
  {
    name: '1 KB, 200-chunk stream, paced at 200 chunks/s',
    concurrency: 40,
    behaviour: { kind: 'paced' },
    isStream: true,
    body: requestBody(1 * KB, true),
    headers: HEADERS,
  },
  {
    name: '1 KB, 10-chunk stream, one at a time',
    concurrency: 1,
    behaviour: { kind: 'short' },
    isStream: true,
    body: requestBody(1 * KB, true),
    headers: HEADERS,
  },
];
