import { hash } from 'node:crypto';

const MARK = 'sandbox:';
const BASE64 = /^[A-Za-z0-9+/]{16,}={0,2}$/;

/** Makes the signature of a thinking text: base64, as the real ones are, and bound to the text. */
export function signThinking(thinking: string): string {
  const digest = hash('sha256', thinking, 'buffer');
  return Buffer.concat([Buffer.from([0x12, 0x28]), Buffer.from(MARK), digest]).toString('base64');
}

/** False for a signature that no Claude model made, or for one of ours whose thinking was changed. */
export function isThinkingSignature(signature: string, thinking: string): boolean {
  if (!BASE64.test(signature)) return false;
  const isOurs = Buffer.from(signature, 'base64')
    .subarray(2, 2 + MARK.length)
    .equals(Buffer.from(MARK));
  return !isOurs || signature === signThinking(thinking);
}
