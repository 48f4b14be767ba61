import type { IncomingMessage } from 'node:http';

/** More came than is accepted. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** Reads a whole body. Rejects with BodyTooLargeError past `bytesMax`, and with any other error when the caller leaves. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  let bytes = 0;
  const tooLarge = (): void => reject(new BodyTooLargeError(`more than ${bytesMax} bytes`));
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    tooLarge();
    return promise;
  }
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > bytesMax) {
      pieces.length = 0;
      tooLarge();
    } else pieces.push(piece);
  });
  request.once('end', () => {
    const [first] = pieces;
    resolve(pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces));
  });
  request.once('error', reject);
  request.once('close', () => reject(new Error('the caller left')));
  return promise;
}
