import { hash } from 'node:crypto';
import { invalidArgument } from './gemini-failure.ts';

const MARK = 'sandbox:';
const HEAD = [0x0a, 0x24];
const HASH_BYTES = 12;
/** What every recorded signature of the true API has in its first bytes. */
const TRUE_MARK = Buffer.from([0x01, 0x8f, 0x3d, 0x6b, 0x5f]);
const TRUE_MARK_WITHIN_BYTES = 8;
/** What callers send for calls that no Gemini model of today made. Source: protocol reference §3. */
const BYPASS = 'skip_thought_signature_validator';

/** Makes the signature of a step's thoughts: base64, and bound to the model. */
export function signThoughts(model: string, thoughts: string): string {
  const content = [...HEAD, ...Buffer.from(MARK), ...digest(model), ...digest(thoughts)];
  return Buffer.from([...content, ...digest(Buffer.from(content))]).toString('base64');
}

/**
 * Throws ApiFailure for a signature that no Gemini model made, or for one of ours that was changed or is another
 * model's. The bypass counts where signatures are enforced.
 */
export function checkThoughtSignature(
  signature: string,
  { model, mustSign }: { model: string; mustSign: boolean },
): void {
  if (signature === BYPASS && mustSign) return;
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.subarray(0, TRUE_MARK_WITHIN_BYTES).includes(TRUE_MARK)) return;
  const content = bytes.subarray(0, -HASH_BYTES);
  const isWhole =
    content.subarray(HEAD.length, HEAD.length + MARK.length).equals(Buffer.from(MARK)) &&
    bytes.subarray(-HASH_BYTES).equals(digest(content));
  if (!isWhole) throw invalidArgument('Corrupted thought signature.');
  const start = HEAD.length + MARK.length;
  if (!content.subarray(start, start + HASH_BYTES).equals(digest(model))) {
    throw invalidArgument('Invalid thought signature.');
  }
}

function digest(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer').subarray(0, HASH_BYTES);
}
