import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

/** True when a key was not written because somebody else wrote it since it was read. */
export function isKeyConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return (
    error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}
