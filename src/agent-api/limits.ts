/** What the agent port accepts, from the table of answers in docs/wire.md; sizes in bytes. */
export const limits = {
  message: 1 << 20,
  /** Of a method that needs no certificate. */
  openMessage: 256,
  /** Of a heartbeat without reports, that needs no lookup. */
  plainHeartbeat: 1 << 10,
  hardwareReport: 512 << 10,
  warnings: 64,
  /** List entries, repetitions and unknown fields of one message, in all. */
  elements: 4_096,
  errorText: 8 << 10,
  detail: 1 << 10,
  runId: 16,
  /** Words of `feature`, and the bytes of one. */
  features: 32,
  feature: 64,
  /** Of ReportLog: a call, its lines, the text of one, and keys whose rate is remembered. */
  log: 64 << 10,
  logLines: 200,
  logText: 1 << 10,
  logKeys: 100_000,
  /** Of Enroll, all but the hardware report. */
  enrollment: 16 << 10,
  token: 128,
  /** What firmware writes in a UUID's place is as long as any text. */
  smbiosUuid: 128,
  macs: 64,
  /**
   * Streams that a connection may open. Not the calls that it may have under way, see pacing.ts: node:http2 counts a stream that
   * has ended until it is taken down, and ends a connection on which a hundred streams came too early.
   */
  streamsAdvertised: 256,
  /** Milliseconds for a TLS handshake, and for a request's message to arrive once its call began. */
  handshake: 10_000,
  requestArrival: 10_000,
  /** Milliseconds that a connection without a proven key lives: its calls are answered, and that is all. */
  strangerConnection: 10_000,
  /** Milliseconds without a call after which a connection is closed: agents heartbeat every 30 s. */
  idleConnection: 5 * 60_000,
} as const;

/** The limits of time, which tests shorten. */
export type TimeLimits = { -readonly [Name in "handshake" | "requestArrival" | "strangerConnection"]: number };
