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
  /** Names and link targets of one page of a folder, so that an answer fits a socket frame. */
  fileListBytesMax: 512 * 1024,
  /** Unfinished uploads a host keeps on disk, and for how long without a further frame. */
  fileUploadsStagedMax: 64,
  fileUploadIdleMsMax: 60_000,
  /** Results a host keeps by op, so that a retry gets the same answer. */
  fileOpsRememberedMax: 1_000,
  /** How long a save waits for another program that has the file open for writing. */
  fileWriterWaitMsMax: 250,
  /** How long content that was replaced is kept for a program that had just opened it, and how many at most. */
  fileReplacedKeptMs: 1_000,
  fileReplacedKeptMax: 64,
  symlinksFollowedMax: 40,

  // Terminals
  terminalsMax: 32,
  terminalScrollbackLinesMax: 5_000,
  /** Of it the host's screen at rest holds this much as cells, the older part as text, which is a twentieth in size. */
  terminalLiveScrollbackLinesMax: 1_000,
  terminalColumnsMax: 1_000,
  terminalRowsMax: 500,
  terminalInputBytesMax: 64 * 1024,
  terminalInputUnackedBytesMax: 256 * 1024,
  /** Output is coalesced to at most this much and this long when busy. */
  terminalFrameBytesMax: 64 * 1024,
  terminalFrameDelayMsMax: 5,
  /** Within one such delay, this much in this many frames still counts as idle: an echo never waits. */
  terminalQuickBytesMax: 4 * 1024,
  terminalQuickFramesMax: 16,
  /** Output read from a pty and not yet parsed by the host's own screen. */
  terminalUnparsedBytesMax: 1024 * 1024,
  /** The host's screens parse at most this long before other work is let in. */
  terminalParseSliceMsMax: 1,
  /** Browsers whose input order a terminal remembers, the latest ones. */
  terminalClientsMax: 64,
  /** Output a browser may be sent beyond what it has parsed. */
  terminalWindowBytes: 1024 * 1024,
  /** Output kept in the host so that a reconnecting browser resumes without a snapshot. */
  terminalReplayBytes: 256 * 1024,
  terminalStaleMs: 5_000,
  /** Scrollback is dropped from a snapshot, oldest first, until it fits. */
  terminalSnapshotBytesMax: 768 * 1024,
  /** A stored screen is made once output has rested for this long, with this much scrollback. */
  terminalSnapshotRestMs: 2_000,
  terminalSnapshotScrollbackLinesMax: 1_000,
  terminalTitleLengthMax: 200,
  terminalTitleDelayMs: 50,
  /** From the polite signal to the one that cannot be refused. */
  terminalCloseGraceMs: 2_000,
  /** After a shell has ended: how long output of processes it left behind is still waited for. */
  terminalDrainMs: 200,

  // Trail
  trailBatchEntriesMax: 1_000,
  trailBatchBytesMax: 256 * 1024,
  trailPageEntriesMax: 1_000,
  trailPageEntriesDefault: 100,
  hashBytesMax: 1024 * 1024 * 1024,
  hashesPerPathPerSecondMax: 2,
  /** A large file is hashed less often, so that one path costs at most this much reading. */
  hashBytesPerPathPerSecondMax: 128 * 1024 * 1024,
  /** Files up to this size are read in one go, which is quicker than a stream; larger ones do not hold others up. */
  hashAtOnceBytesMax: 256 * 1024,
  /** Large files hashed at a time. */
  hashesInFlightMax: 2,
  /** Times a file that changes under the reader is tried before it is recorded as `changing`. */
  hashTriesMax: 5,
  /** A file being written is looked at when its writer closes it, or after this long. */
  settleMsMax: 5,
  /** Entries not yet acknowledged, on the monitor's disk; beyond it recording pauses behind a gap. */
  spoolUnackedBytesMax: 256 * 1024 * 1024,
  spoolSegmentBytes: 4 * 1024 * 1024,
  /** Entries kept in memory for the sender, or waiting for a full disk. */
  spoolMemoryBytesMax: 4 * 1024 * 1024,
  /** The reconciling scan, now and then; and its beat when there are no watches left. */
  scanIntervalMs: 10 * 60 * 1000,
  scanWithoutWatchesMs: 10_000,
  /** A monitor that did not run for this long looks at everything again. */
  monitorStallMs: 2_000,
  /** Events in one second after which a watcher that does not tell of lost events is not believed. */
  watchBurstEventsMax: 2_000,
  ignoreRulesMax: 200,
  ignoreRuleBytesMax: 1_024,
  /** All rules together: they stand in one entry of the trail. */
  ignoreRulesBytesMax: 32 * 1024,
  opsOpenMax: 1_000,
  opOpenMsMax: 10 * 60 * 1000,

  // Sessions
  sessionsPerUserMax: 50,
  sessionFilesMax: 200,
  sessionLayoutBytesMax: 64 * 1024,
  sessionNameLengthMax: 100,

  // The IDE in the browser
  /** Larger files are not opened as text. */
  editorTextBytesMax: 8 * 1024 * 1024,
  /** Unsaved text reaches the journal this long after a key at the latest. */
  journalDelayMs: 250,
  /** Open files, layout and the like are stored this long after they rest. */
  sessionSaveDelayMs: 500,
  /** A folder with more shows its first ones and says so. */
  treeFolderEntriesMax: 10_000,
  /** Entries of the trail that a browser holds; older ones are read again when asked for. */
  activityEntriesMax: 5_000,

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

  // Workspaces on this machine
  sandboxTmpBytesMax: 1024 * 1024 * 1024,
  sandboxSharedMemoryBytesMax: 256 * 1024 * 1024,
  sandboxStartMsMax: 10_000,
  workspaceProcessesMax: 4_096,
  workspaceOpenFilesMax: 65_536,
  /** A process's log is set aside (one older part is kept) when it grows beyond this. */
  processLogBytesMax: 1024 * 1024,
  /** How often a process that is no child of this server is looked at. */
  processPollMs: 1_000,
  /** Between the request to end and the kill. */
  processEndMsMax: 5_000,
  /** More deaths within the window and the workspace counts as failed. */
  processDeathsMax: 5,
  processDeathWindowMs: 60_000,
  /** Observers get the whole list this often, beside the changes. */
  provisionListMs: 60_000,

  // Store; the smallest of the drivers' own limits
  storeKeyBytesMax: 1_900,
  storeValueBytesMax: 100_000,
  storeTransactionBytesMax: 10_000_000,
  storeTransactionMsMax: 5_000,
  storeRetriesMax: 100,
  /** LMDB: the address space set aside for its file. */
  storeFileBytesMax: 1024 * 1024 * 1024 * 1024,
  /** LMDB: states of the store that transactions under way may hold at once. */
  storeSnapshotsMax: 2_000,
} as const;
