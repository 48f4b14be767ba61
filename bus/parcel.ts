/**
 * A message that becomes bytes when it leaves the process. A listener of the same process gets its content: the very
 * objects, in which nobody changes anything afterwards.
 */
export interface Parcel {
  readonly content: object;
  encode(): Uint8Array;
}

/** The bytes of what is published. */
export function bytesOf(message: Uint8Array | Parcel): Uint8Array {
  return message instanceof Uint8Array ? message : message.encode();
}
