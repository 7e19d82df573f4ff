// What a bar shows between two reports: carried on at the last rate, and never past what is true.

/** What an installation has reported last. */
export interface ReportedProgress {
  done: bigint;
  /** 0 means unknown. */
  total: bigint;
  /** Bytes per second; 0 means unknown. */
  rate: number;
  /** When it was reported, by the server's clock. */
  at: Date;
}

/** Milliseconds of silence after which nothing is assumed any more. */
const assumedFor = 5_000;

/** Bytes that are done by now, assumed from the rate: at most the total, and for at most five seconds. Pure. */
export function progressBytes({ done, total, rate, at }: ReportedProgress, now: Date | undefined): bigint {
  const passed = now === undefined ? 0 : Math.min(assumedFor, Math.max(0, now.getTime() - at.getTime()));
  const assumed = done + BigInt(Math.floor((Math.max(0, rate) * passed) / 1_000));
  if (total === 0n) {
    return done;
  }
  return assumed > total ? total : assumed;
}

/** The greater of what was shown and what is assumed now, so that a bar never goes back. Pure. */
export function progressForward(shown: { key: string; bytes: bigint } | undefined, key: string, bytes: bigint): bigint {
  return shown !== undefined && shown.key === key && shown.bytes > bytes ? shown.bytes : bytes;
}

/** Milliseconds left at this rate; undefined where it can't be said. Pure. */
export function progressLeft({ total, rate }: ReportedProgress, bytes: bigint): number | undefined {
  return total === 0n || rate <= 0 ? undefined : (Number(total - bytes) / rate) * 1_000;
}
