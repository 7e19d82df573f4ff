/** A rate at which the rest would take longer than this, in seconds, says nothing. */
const tooLong = 30 * 24 * 3600;

/** When a phase's last byte is expected at its rate; undefined if the rate or the total is unknown. Pure. */
export function progressExpectedAt(progress: {
  bytesDone: bigint;
  bytesTotal: bigint;
  bytesPerSecond?: number;
  at: Date;
}): Date | undefined {
  const { bytesDone, bytesTotal, bytesPerSecond = 0, at } = progress;
  const seconds = Number(bytesTotal - bytesDone) / bytesPerSecond;
  return bytesTotal > 0n && seconds >= 0 && seconds < tooLong ? new Date(at.getTime() + seconds * 1000) : undefined;
}
