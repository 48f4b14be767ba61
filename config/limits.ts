/**
 * Every limit of the gateway: its name says what it bounds and in which unit.
 *
 * ARCHITECTURE.md repeats this table with what happens when a limit is reached; a test compares the two.
 */
export const LIMITS = {
  /** Request body. Anthropic's own limit, 32 MiB. */
  bodyBytesMax: 33_554_432,
  /** Request headers together. */
  headerBytesMax: 32_768,
  headersMax: 100,
  urlBytesMax: 8_192,
  jsonDepthMax: 128,
  messagesMax: 100_000,
  toolsMax: 2_000,
  /** Keys of one JSON object at any depth: half a million block a JSON parser for half a second. */
  jsonKeysPerObjectMax: 50_000,
  /** Top-level fields of a request, and the length of a name: both travel with every attempt. */
  topLevelFieldsMax: 256,
  topLevelFieldNameBytesMax: 256,
  modelNameCharactersMax: 200,
  /** Images and documents of one request that the size estimate looks at one by one. */
  mediaEstimatedMax: 1_000,
  /** A page of the models list. */
  modelsPageMax: 1_000,
  /** A provider's own list of models: entries, bytes, how long it counts, and the pause after a failure. */
  liveModelsMax: 2_000,
  /** Names whose mapping is remembered. */
  mappedNamesMax: 2_000,
  liveModelsBytesMax: 16_777_216,
  liveModelsReadMsMax: 10_000,
  liveModelsFreshMs: 600_000,
  liveModelsRetryMs: 60_000,
  /** Of one provider's list, as JSON. */
  modelListBytesMax: 900_000,
  modelListsBytesMax: 67_108_864,
  modelListsReadMs: 15_000,
  connectionsMax: 2_048,
  /** Streams open at once, per client key (or per gateway without keys). */
  streamsPerKeyMax: 1_024,
  /** A body up to this size travels inside the dispatch when the worker is in another process. */
  inlineBodyBytesMax: 131_072,
  /** The same when a worker of this process may take it: it reads larger bodies by reference. */
  inlineBodyBytesLocalMax: 4_096,
  /** One piece of a pulled body. */
  bodyPieceBytesMax: 262_144,
  bodyPiecesInFlightMax: 3,
  bodyPullMsMax: 10_000,
  /** Unacknowledged bytes of one reply stream. */
  replyWindowBytesMax: 32_768,
  replyFrameBytesMax: 16_384,
  replyCoalesceBytesMax: 16_384,
  replyCoalesceMsMax: 15,
  /** The ingress acknowledges after this many bytes taken by the client's socket. */
  replyAckBytes: 16_384,
  /** The last acknowledgements of finished streams wait this long for company. */
  replyEndedMsMax: 20,
  /** A worker says it lives after this long without a frame. */
  replyHeartbeatMs: 500,
  /** An ingress asks whether the worker lives after this long without a sign of it. */
  replySilenceMsMax: 700,
  replyProbeMsMax: 300,
  /** No verdict on a peer for this long after our own reconnect. */
  reconnectGraceMs: 1_500,
  /** A worker gives up a stream whose ingress was silent this long and denies knowing it. */
  ingressSilenceMsMax: 3_000,
  /** ... and it gives up the stream of an ingress that stays silent this long whatever it denies. */
  ingressHungMsMax: 10_000,
  /** Finished streams wait this long for their last acknowledgement. */
  replyLingerMsMax: 30_000,
  acceptMsMax: 1_000,
  routeMsMax: 250,
  /** A request waits this long for a bus that is down. */
  busWaitMsMax: 10_000,
  attemptsMax: 3,
  /** Dispatches of one request, accepted or not (busy, lost, no responders). */
  dispatchesMax: 12,
  busyRetriesMax: 3,
  workerInFlightMax: 2_048,
  /** `message_start` is held back this long for the first content. */
  messageStartHoldMsMax: 250,
  firstByteMsMax: 120_000,
  /** A whole message without stream: Claude Code's own time-out. */
  messageMsMax: 600_000,
  upstreamConnectMsMax: 5_000,
  upstreamIdleMsMax: 180_000,
  /** An unused upstream connection is closed after this long: sooner than the upstreams do it. */
  upstreamKeepAliveMs: 30_000,
  /** A request waits this long for a provider's credential. */
  credentialMsMax: 10_000,
  /** Models for which a provider's refused betas are remembered. */
  learnedModelsMax: 256,
  /** Tokenizing one request for `count_tokens`; what is left then is estimated from its characters. */
  tokenCountMsMax: 50,
  /** The same for requests that come at once (`/context` of Claude Code sends 26). */
  tokenBurstMsMax: 200,
  /** What the tokenizer gets at once: its time grows with the square of a text without spaces. */
  tokenSliceCharactersMax: 1_024,
  /** Counted bodies remembered by their digest. */
  tokenCountsKnownMax: 1_000,
  /** Bodies that wait for the counting thread. */
  tokenCountsPendingMax: 256,
  tokenCountsPendingBytesMax: 67_108_864,
  /** Silence of the counting thread while bodies wait. */
  tokenThreadSilenceMsMax: 3_000,
  /** Pause before a dead counting thread is replaced. */
  tokenThreadRestartMs: 1_000,
  upstreamErrorBodyBytesMax: 1_048_576,
  upstreamMessageBytesMax: 67_108_864,
  sseEventBytesMax: 16_777_216,
  upstreamHeaderBytesMax: 65_536,
  /** Bytes of an answer that wait in a paused upstream socket, beside the kernel's. */
  upstreamUnreadBytesMax: 16_384,
  upstreamTailBytesMax: 65_536,
  /** Silence towards a streaming client before a ping. */
  pingMs: 15_000,
  drainMsMax: 900_000,
  eventOutboxMax: 10_000,
  eventAckMsMax: 2_000,
  eventRetriesMax: 30,
  /** What a provider must see again with one tool call. */
  toolStateBytesMax: 131_072,
  toolStateMsMax: 604_800_000,
  toolStatesBytesMax: 1_073_741_824,
  toolStatesCachedBytesMax: 33_554_432,
  toolStatesReadMax: 256,
  toolStatesReadMsMax: 500,
  /** Ids of other makers are not asked for again for this long. */
  toolStateMissesMax: 20_000,
  toolStateMissMs: 60_000,
} as const;

/** The type of LIMITS. */
export type Limits = typeof LIMITS;
