/** Limits of the ledger and of reading stream EV: a part of `LIMITS`, by which everybody reads them. */
export const LEDGER_LIMITS = {
  /** Ids of attempts that were counted: all together, and those that lie in one value. */
  ledgerIdsMax: 1_000_000,
  ledgerIdsPerChunkMax: 4_096,
  /** Attempts that are under way, and how long one is until it counts as lost. */
  ledgerReservationsMax: 10_000,
  ledgerReservationMsMax: 900_000,
  /** Of one hour, day or month: sessions, keys of any other dimension; and the length of a key. */
  ledgerSessionsMax: 1_000,
  ledgerKeysMax: 250,
  ledgerKeyCharactersMax: 200,
  /** An hour, day or month stays open this long after its end. */
  ledgerPeriodOpenMs: 7_200_000,
  /** An attempt may have ended this much later than the server's clock says. */
  ledgerClockAheadMsMax: 3_600_000,
  ledgerMarksMax: 2_000,
  /** Holes in the log that are told one by one. */
  ledgerHolesMax: 100,
  /** Totals are saved this often at most. */
  ledgerSaveMs: 100,
  ledgerSaveMsMax: 5_000,
  /** Closed periods and full chunks of ids that wait to be written. */
  ledgerUnsavedMax: 256,
  /** Of one value in the bucket, and of all. */
  ledgerValueBytesMax: 900_000,
  ledgerBytesMax: 536_870_912,
  /** Events that are read again when the log lost its end. */
  ledgerRewindMax: 10_000,
  ledgerReadMsMax: 2_000,
  /** Reservations that are over are looked for this often, and settled at most so many at once. */
  ledgerSweepMs: 10_000,
  ledgerSweptMax: 500,
  /** After a connection has come back they are not looked for this long: true entries may lie in spools. */
  ledgerSweepGraceMs: 120_000,
  /** A bad event older than this is not reported again. */
  ledgerDeadMsMax: 3_600_000,
  /** Events of stream EV that are asked for at once. */
  eventLogBatchMax: 200,
  /** Pause before the log is read anew after a failure. */
  eventLogRetryMs: 250,
  /** Events that follow others sooner than this wait for more, and are told together. */
  eventLogGatherMs: 50,
  /** Of a report: keys of one dimension that are told apart, and requests whose first choice is remembered. */
  reportKeysMax: 100_000,
  reportFirstChoicesMax: 10_000,
  /** Of Claude Code's transcripts: a line, messages of one report, and those of a file whose last line may be to come. */
  transcriptLineBytesMax: 67_108_864,
  transcriptMessagesMax: 2_000_000,
  transcriptPendingMax: 256,
} as const;
