import { LEDGER_LIMITS } from './ledger-limits.ts';
import { PRICE_LIMITS } from './price-limits.ts';
import { SPENDING_LIMITS } from './spending-limits.ts';

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
  /** Cache controls, search tools and orders to compact that are looked at one by one. */
  requestMarksMax: 64,
  /** A page of the models list. */
  modelsPageMax: 1_000,
  /** Administration: body of a post, patience with the router that acts. */
  adminBodyBytesMax: 65_536,
  routerCommandMsMax: 5_000,
  /** Statistics: patience with all routers, with those that are late, and how long an answer counts. */
  statsMsMax: 500,
  statsQuietMs: 50,
  statsFreshMs: 1_000,
  /** A provider's own list of models: entries, bytes, how long it counts, and the pause after a failure. */
  liveModelsMax: 2_000,
  /** Names whose mapping is remembered. */
  mappedNamesMax: 2_000,
  /** Prices remembered, by provider, model, region and quarter of an hour. */
  pricesKnownMax: 4_096,
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
  /** A request waits this long for a rate limit to reset, where everybody is at theirs. */
  rateLimitWaitMsMax: 2_000,
  /** Targets of one decision; the ingress asks again after a failure. */
  targetsMax: 6,
  workerInFlightMax: 2_048,
  /** Accounts of one provider: the variables `<NAME>`, `<NAME>_2` and so on. */
  accountsPerProviderMax: 9,
  /** Workers tell routers about their accounts this often: a router may have come later. */
  accountsToldMs: 10_000,
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
  /** The end of a stream, by which the ingress estimates it should its worker vanish. */
  streamTailBytesMax: 1_024,
  /** Silence towards a streaming client before a ping. */
  pingMs: 15_000,
  drainMsMax: 900_000,
  /** Events that JetStream has not acknowledged, and those that wait for the disk. */
  eventOutboxMax: 10_000,
  eventAckMsMax: 2_000,
  eventRetriesMax: 30,
  /** Events that leave together: how many, and how long reservations and outcomes wait for company. */
  eventBatchMax: 64,
  reservedDelayMsMax: 5,
  /** Reservations of attempts under way are told again this often: well before `ledgerReservationMsMax`. */
  reservationRenewMs: 300_000,
  outcomeDelayMsMax: 20,
  /** An event waits this long for other messages to leave with. */
  patientMessageMsMax: 5,
  /** Events on disk while JetStream is away: all of one process, and those of one file. */
  eventSpoolBytesMax: 67_108_864,
  eventSpoolFileBytesMax: 4_194_304,
  /** The spool is fsynced this often at most. */
  eventSpoolSyncMs: 50,
  /** Spools of processes that have ended are looked for; one whose process cannot be seen counts as left when untouched. */
  eventSpoolScanMs: 60_000,
  eventSpoolForeignMs: 3_600_000,
  /** Events of a spool that are sent at once, and the pause before they are tried again. */
  eventReplayMax: 256,
  eventReplayMs: 500,
  /** Output for which an attempt sets money aside, however much more it may write. */
  budgetOutputTokensMax: 8_192,
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
  /** Circuits of accounts and of their models, each kind of memory about targets, and accounts' fingerprints. */
  routedTargetsMax: 5_000,
  /** Failures in a row, and the share among a number of attempts in a time, that open a circuit. */
  circuitFailuresMax: 5,
  circuitFailurePercentMax: 50,
  circuitShareAttemptsMin: 20,
  circuitShareMs: 30_000,
  /** A circuit that has just failed is avoided for this long, doubled with each further failure. */
  circuitSuspectMs: 1_000,
  circuitSuspectMsMax: 10_000,
  /** A circuit is open for this long, doubled each time until it was healthy for long enough. */
  circuitOpenMs: 10_000,
  circuitOpenMsMax: 300_000,
  circuitHealthyMs: 600_000,
  /** Attempts in flight at once to try a half-open circuit, and how long one counts that never reports. */
  circuitProbesMax: 4,
  circuitProbeMsMax: 120_000,
  /** An account without credit is tried again after this long. */
  circuitBillingMs: 300_000,
  /** A circuit that has closed gets its whole traffic after this long. */
  circuitSlowStartMs: 60_000,
  /** Targets, last used first, whose speeds make the estimate for unknown ones. */
  speedPriorTargetsMax: 128,
  /** Conversations whose homes are known, the homes of one, and how many of them are kept, how often, in which parts. */
  conversationsMax: 10_000,
  conversationHomesMax: 4,
  conversationsKeptMax: 1_000,
  conversationsKeptMs: 10_000,
  conversationsPartMax: 100,
  /** How long a conversation stays where nothing is cached, and at most where something is. */
  conversationHomeMs: 300_000,
  conversationHomeMsMax: 3_600_000,
  /** Retries of one account: tokens, and the time after which one comes back by itself. */
  retryTokensMax: 10,
  retryTokenMs: 10_000,
  /** Retries of all: their share in a time, and how many are free. */
  retryPercentMax: 20,
  retriesFreeMax: 20,
  retryShareMs: 10_000,
  /** Rate-limit windows: accounts and models that have some, and windows of each. */
  rateScopesMax: 2_000,
  rateWindowsPerTargetMax: 16,
  /** Attempts that count as under way, and how long one does that never ends. */
  openAttemptsMax: 20_000,
  openAttemptMsMax: 900_000,
  /** Attempts whose end was counted: it counts once. */
  endedAttemptsMax: 20_000,
  /** A refusal closes a window for as long as it says, within bounds; without a word for `rateClosedMs`. */
  rateClosedMs: 30_000,
  rateClosedMsMin: 1_000,
  rateClosedMsMax: 3_600_000,
  /** A window that has opened again gets its whole traffic after this long. */
  rateReopenMs: 10_000,
  /** A limit that a refusal taught counts for this long. */
  learnedLimitMs: 3_600_000,
  /** Health tells of the models that were asked lately. */
  healthModelMs: 300_000,
  /** Decisions whose attempt has not reported yet. */
  reservationsMax: 10_000,
  reservationMsMax: 2_000,
  /** What a snapshot of a router carries. */
  snapshotRateScopesMax: 500,
  snapshotAttemptsMax: 2_000,
  snapshotEndedMax: 1_000,
  /** A stream without headers for this long (or four times what is usual there) makes others preferred. */
  stallMs: 10_000,
  /** What a process saw of its providers: observations per message, how long they wait for company, and for the bus. */
  observationBatchMax: 64,
  observationDelayMsMax: 20,
  observationsQueuedMax: 10_000,
  /** What a router remembers of them to bring a snapshot up to date. */
  observationLogMsMax: 5_000,
  observationLogBatchesMax: 5_000,
  /** Processes whose observations are told apart. */
  observationSourcesMax: 1_000,
  /** The lease of the leading router: how long it holds, how often it is renewed, how often others ask for it. */
  leaseMsMax: 3_000,
  leaseRenewMs: 1_000,
  leaseTryMs: 250,
  /** Watched keys are compared with what the watch told; a watch that failed is made anew. */
  keyWatchCheckMs: 5_000,
  keyWatchRetryMs: 250,
  /** What routers keep: settings, snapshot, health. */
  stateBytesMax: 16_777_216,
  stateReadMsMax: 1_000,
  settingsTriesMax: 5,
  snapshotMs: 250,
  snapshotTriesMax: 8,
  healthReportMs: 1_000,
  /** Where nothing was heard, it is looked at anew after this long. */
  healthLookMs: 5_000,
  /** An unchanged health report is written again after this long, as a sign of life. */
  healthSignMs: 15_000,
  recentDecisionsMax: 100,
  /** Candidates in all of them that a router tells of: its answer is one message. */
  recentCandidatesMax: 1_000,
  ...LEDGER_LIMITS,
  ...PRICE_LIMITS,
  ...SPENDING_LIMITS,
} as const;

/** The type of LIMITS. */
export type Limits = typeof LIMITS;
