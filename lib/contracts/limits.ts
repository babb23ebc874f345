/** Every bound of the system by name, units last. A test names each. */
export const limits = {
  // Paths and files
  pathBytesMax: 4_095,
  pathSegmentBytesMax: 255,
  fileFrameBytesMax: 256 * 1024,
  fileWriteBytesMax: 64 * 1024 * 1024,
  /** Whole uploads held at once for one browser connection. */
  fileUploadsMax: 4,
  fileListEntriesMax: 2_000,

  // Terminals
  terminalsMax: 32,
  terminalScrollbackLinesMax: 5_000,
  terminalColumnsMax: 1_000,
  terminalRowsMax: 500,
  terminalInputBytesMax: 64 * 1024,
  terminalInputUnackedBytesMax: 256 * 1024,
  /** Output is coalesced to at most this much and this long when busy. */
  terminalFrameBytesMax: 64 * 1024,
  terminalFrameDelayMsMax: 5,
  /** Output a browser may be sent beyond what it has parsed. */
  terminalWindowBytes: 1024 * 1024,
  /** Output kept in the host so that a reconnecting browser resumes without a snapshot. */
  terminalReplayBytes: 256 * 1024,
  terminalStaleMs: 5_000,
  /** Scrollback is dropped from a snapshot, oldest first, until it fits. */
  terminalSnapshotBytesMax: 768 * 1024,

  // Trail
  trailBatchEntriesMax: 1_000,
  trailBatchBytesMax: 256 * 1024,
  trailPageEntriesMax: 1_000,
  trailPageEntriesDefault: 100,
  hashBytesMax: 1024 * 1024 * 1024,
  hashesPerPathPerSecondMax: 2,
  ignoreRulesMax: 200,
  ignoreRuleBytesMax: 1_024,
  opsOpenMax: 1_000,
  opOpenMsMax: 10 * 60 * 1000,

  // Sessions
  sessionsPerUserMax: 50,
  sessionFilesMax: 200,
  sessionLayoutBytesMax: 64 * 1024,
  sessionNameLengthMax: 100,

  // Accounts
  emailLengthMax: 254,
  nameLengthMax: 100,
  passwordLengthMin: 12,
  passwordLengthMax: 256,
  loginsPerUserMax: 100,
  loginMsMax: 30 * 24 * 60 * 60 * 1000,
  workspaceTokenMsMax: 10 * 60 * 1000,
  signInAttemptsMax: 10,
  signInWindowMs: 10 * 60 * 1000,
  passwordHashesQueuedMax: 64,

  // Gateway
  socketFrameBytesMax: 1024 * 1024,
  socketEventsPerSecondMax: 2_000,
  socketRequestsInFlightMax: 256,
  requestTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  browserConnectionsPerUserMax: 50,
  httpBodyBytesMax: 1024 * 1024,

  // Store; the smallest of the drivers' own limits
  storeKeyBytesMax: 1_900,
  storeValueBytesMax: 100_000,
  storeTransactionBytesMax: 10_000_000,
  storeTransactionMsMax: 5_000,
  storeRetriesMax: 100,
} as const;
