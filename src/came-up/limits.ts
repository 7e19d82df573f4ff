/** Where systems report. */
export const cameUpPath = "/came-up/v1";

/** The limits of the listener for reports. It is open to everybody, and nobody has more than a few calls to make. */
export const cameUpLimits = {
  /** Bytes of a report. */
  body: 16_384,
  /** Of all headers. */
  headers: 4_096,
  /** Reports that are looked up and written at a time. */
  atOnce: 16,
  /** A site may be behind one address: a rack that comes up together, and its next try. */
  perAddress: { perSecond: 5, burst: 100 },
  together: { perSecond: 50, burst: 500 },
  addresses: 10_000,
  connections: { most: 256, perAddress: 64, requests: 8, unprovenFor: 20_000 },
  /** Milliseconds. */
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  stall: 10_000,
} as const;
