import { isJsonObject, type JsonObject, parseJson } from '../json.ts';

/** What a provider must see again, inside the signature of a thinking block that we made for its reasoning. */
export interface GatewaySignature {
  readonly provider: string;
  /** The provider's spelling: a signature is good only at the model that gave it. */
  readonly model: string;
  /** The provider's own, e.g. `{thoughtSignature}` or `{reasoningDetails}`; empty when there is nothing to keep. */
  readonly state: JsonObject;
}

const PREFIX = 'gw1';
/** Longer states are not carried: the client would send them again with every request. */
const STATE_BYTES_MAX = 262_144;

/** Writes `gw1.<provider>.<model>.<state>`, the last two in base64url of UTF-8. A state over 256 KiB is left out. */
export function sealSignature({ provider, model, state }: GatewaySignature): string {
  const text = JSON.stringify(state);
  const kept = text.length <= STATE_BYTES_MAX ? text : '{}';
  return [PREFIX, provider, encode(model), encode(kept)].join('.');
}

/** Reads a signature of ours; null when it is another's, or broken. */
export function openSignature(signature: unknown): GatewaySignature | null {
  if (typeof signature !== 'string' || !isGatewaySignature(signature)) return null;
  const [, provider, model, state] = signature.split('.');
  if (provider === undefined || model === undefined || state === undefined) return null;
  const parsed = parseJson(decode(state));
  return isJsonObject(parsed) ? { provider, model: decode(model), state: parsed } : null;
}

/** True for signatures that we made, whole or broken: they mean nothing to any provider. */
export function isGatewaySignature(signature: string): boolean {
  return signature.startsWith(`${PREFIX}.`);
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8');
}
