/** What the agent port accepts (the table of answers in docs/wire.md); sizes in bytes. */
export const limits = {
  message: 1 << 20,
  /** A message of a method that needs no certificate. */
  openMessage: 256,
  /** A heartbeat without reports, which needs no lookup. */
  plainHeartbeat: 1 << 10,
  hardwareReport: 512 << 10,
  warnings: 64,
  /** List entries, repetitions and unknown fields of one message, in total. */
  elements: 4_096,
  errorText: 8 << 10,
  detail: 1 << 10,
  runId: 16,
  /** Words of `feature`, and the length of one. */
  features: 32,
  feature: 64,
  /**
   * ReportLog: the size of a call, its lines, the text of one line, and the number of keys whose rate is remembered.
   */
  log: 64 << 10,
  logLines: 200,
  logText: 1 << 10,
  logKeys: 100_000,
  /** Enroll, without the hardware report. */
  enrollment: 16 << 10,
  token: 128,
  /** Firmware may write a text of any length instead of a UUID. */
  smbiosUuid: 128,
  macs: 64,
  /**
   * Streams that a connection may open before its caller is authenticated, and afterwards. The limit on concurrent calls
   * is in pacing.ts, because node:http2 counts an ended stream until it is destroyed, and ends a connection on which a
   * hundred streams came too early.
   */
  streamsOfStranger: 16,
  streamsOfAgent: 256,
  /**
   * Bytes that a connection may send before its caller is authenticated: without a call, whose headers have at most 16
   * KiB; and from one call to the next, four of the largest messages, because a client may still be sending those whose
   * calls were refused.
   */
  strangerBytes: { unused: 256 << 10, perCall: 4 << 20 },
  /** Milliseconds for a TLS handshake, and for a request's message to arrive once its call has begun. */
  handshake: 10_000,
  requestArrival: 10_000,
  /** Milliseconds that a connection without a proven key may live; its calls are answered meanwhile. */
  strangerConnection: 10_000,
  /**
   * Milliseconds that a connection may live after a call whose key could not be looked up for lack of a database: two
   * heartbeats' intervals.
   */
  undecidedConnection: 60_000,
  /** Milliseconds for which a caller's new connections wait after one of its connections was closed for a flood. */
  floodPause: 5_000,
  /** Milliseconds without a call after which a connection is closed: agents heartbeat every 30 s. */
  idleConnection: 5 * 60_000,
} as const;

/** The time limits, which tests shorten. */
export type TimeLimits = {
  -readonly [
    Name in "handshake" | "requestArrival" | "strangerConnection" | "undecidedConnection" | "floodPause"
  ]: number;
};
