/** Every limit of the sandbox: its name says what it bounds and in which unit. */
export const SANDBOX_LIMITS = {
  /** Requests kept for `control.requests`. */
  requestsKeptMax: 2_000,
  /** Bytes kept of one request body; its size and SHA-256 are kept always. */
  bodyBytesKeptMax: 262_144,
  /** Bytes kept of all request bodies together: the oldest are forgotten first. */
  bodiesBytesKeptMax: 67_108_864,
  /** Entries of `control.truth().entries`. */
  truthEntriesMax: 50_000,
  /** One-shot behaviours that wait, per provider. */
  queuedBehavioursMax: 10_000,
  waitersMax: 1_000,
  longPollMsMax: 60_000,
  controlBodyBytesMax: 4_194_304,
  /** Requests that one answer of the control API lists. */
  listedRequestsMax: 500,
  connectionsMax: 8_192,
  outputTokensMax: 1_000_000,
  scriptedBlocksMax: 1_000,
  delayMsMax: 3_600_000,
  hugeEventBytesMax: 134_217_728,
  /** An endless answer ends here after all. */
  endlessBytesMax: 1_073_741_824,
  promptCacheEntriesMax: 10_000,
  /** Prompts remembered by the bytes they came from. */
  readPromptsMax: 64,
  /** Prompts whose `sandbox: fault` directive was played already. */
  playedFaultsMax: 1_000,
  sourceTextCharactersMax: 2_000,
} as const;
