const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const HASHES = 2 ** 32;

/** A 32-bit hash of a text: FNV-1a, its bits mixed. The same everywhere. */
export function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  return mixed(hash);
}

/** A 32-bit hash of two. */
export function hashOfBoth(one: number, other: number): number {
  return mixed(Math.imul(one, FNV_PRIME) ^ other);
}

/** A hash as a share from 0 to 1, without 1 itself. */
export function shareOf(hash: number): number {
  return hash / HASHES;
}

// Murmur's finalizer: FNV leaves the upper bits of similar texts alike.
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
