import { type Agent, request } from 'node:http';
import type { ProviderId } from '../../schemas/provider.ts';

/** What came back, to whatever end. */
export interface CallResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** The socket's complaint when the answer was not whole; null = it was. */
  readonly failure: string | null;
  /** Bytes of each piece as the client saw it. */
  readonly pieces: readonly number[];
}

/** Options of a call. */
export interface CallOptions {
  readonly agent?: Agent;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Leaves as soon as this says so; called with all bytes so far. */
  readonly leaves?: (text: string) => boolean;
  /** Leaves when this is aborted. */
  readonly leave?: AbortSignal;
  /** Told when the status line came. */
  readonly onHeaders?: () => void;
}

/** A provider of the sandbox as a caller sees it. */
export interface CallTarget {
  readonly provider: 'anthropic' | 'vertex-claude' | 'openrouter';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Makes a body out of Messages fields. */
  body(fields?: Record<string, unknown>): string;
}

const MESSAGES = [{ role: 'user', content: 'Hello there' }];
const FIELDS = { max_tokens: 1_000, stream: true, messages: MESSAGES };

/** The providers that speak the Messages wire. */
export const TARGETS: readonly CallTarget[] = [
  {
    provider: 'anthropic',
    path: '/v1/messages?beta=true',
    headers: { 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' },
    body: (fields = {}) => JSON.stringify({ model: 'claude-opus-5-5', ...FIELDS, ...fields }),
  },
  {
    provider: 'vertex-claude',
    path: '/v1/projects/p1/locations/us-east5/publishers/anthropic/models/claude-opus-5-5:streamRawPredict',
    headers: { authorization: 'Bearer ya29.test' },
    body: (fields = {}) =>
      JSON.stringify({ anthropic_version: 'vertex-2023-10-16', ...FIELDS, ...fields }),
  },
  {
    provider: 'openrouter',
    path: '/api/v1/messages',
    headers: { authorization: 'Bearer sk-or-test' },
    body: (fields = {}) =>
      JSON.stringify({ model: 'anthropic/claude-opus-5.5', ...FIELDS, ...fields }),
  },
];

/** The target of a provider. */
export function targetOf(provider: ProviderId): CallTarget {
  const target = TARGETS.find((one) => one.provider === provider);
  if (target === undefined) throw new Error(`no target for ${provider}`);
  return target;
}

/** Calls a provider with Messages fields. */
export function callTarget(
  url: string,
  target: CallTarget,
  fields: Record<string, unknown> = {},
  options: CallOptions = {},
): Promise<CallResult> {
  const headers = { ...target.headers, ...options.headers };
  return call(url + target.path, target.body(fields), { ...options, headers });
}

/** One HTTP call on a real socket. Resolves also when the answer breaks off; `status` is 0 without a status line. */
export function call(
  url: string,
  body: string | Buffer | null,
  options: CallOptions = {},
): Promise<CallResult> {
  const { promise, resolve } = Promise.withResolvers<CallResult>();
  const chunks: Buffer[] = [];
  let status = 0;
  let headers: CallResult['headers'] = {};
  const done = (failure: string | null): void => {
    const all = Buffer.concat(chunks);
    const pieces = chunks.map(({ length }) => length);
    resolve({ status, headers, body: all, text: all.toString(), failure, pieces });
  };
  const outgoing = request(url, {
    method: options.method ?? (body === null ? 'GET' : 'POST'),
    agent: options.agent ?? false,
    headers: {
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
  });
  options.leave?.addEventListener('abort', () => outgoing.destroy());
  outgoing.on('error', (error) => done(codeOf(error)));
  outgoing.on('response', (response) => {
    status = response.statusCode ?? 0;
    headers = response.headers;
    options.onHeaders?.();
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (options.leaves?.(Buffer.concat(chunks).toString()) === true) outgoing.destroy();
    });
    response.on('error', (error) => done(codeOf(error)));
    response.on('end', () => done(null));
  });
  outgoing.end(body ?? undefined);
  return promise;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
