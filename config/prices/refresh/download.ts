import { LIMITS } from '../../limits.ts';
import { PriceListError } from './published-list.ts';

/** A list as it came. */
export interface Download {
  /** By which the server knows this edition; null = it has no such name. */
  readonly etag: string | null;
  readonly json: unknown;
}

/** One try to read a list. */
export interface DownloadRequest {
  readonly url: string;
  /** Of the edition that is here: null = there is none. */
  readonly etag: string | null;
  readonly signal: AbortSignal;
  /** Milliseconds until the last byte. */
  readonly readMsMax: number;
}

const OK = 200;
const NOT_MODIFIED = 304;

/**
 * Reads the list once; null = there is no newer edition. Redirects are failures: where the list comes from is for the
 * operator to say.
 *
 * @throws PriceListError, or what `fetch` throws.
 */
export async function download(request: DownloadRequest): Promise<Download | null> {
  const { url, etag, signal, readMsMax } = request;
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(readMsMax)]),
    headers: {
      accept: 'application/json',
      'user-agent': 'claude-code-multimodel',
      ...(etag === null ? {} : { 'if-none-match': etag }),
    },
  });
  const { status, body, headers } = response;
  if (status !== OK || body === null) {
    await body?.cancel();
    if (status === NOT_MODIFIED && etag !== null) return null;
    const isRedirect = headers.has('location');
    throw new PriceListError(`status ${status}${isRedirect ? ': redirects are not followed' : ''}`);
  }
  const bytes = await read(body);
  try {
    return { etag: headers.get('etag'), json: JSON.parse(bytes.toString()) };
  } catch {
    throw new PriceListError('the answer is no JSON');
  }
}

async function read(body: ReadableStream<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    // Leaving the loop closes the connection.
    if (bytes > LIMITS.priceListBytesMax) {
      throw new PriceListError(`the answer is longer than ${LIMITS.priceListBytesMax} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
