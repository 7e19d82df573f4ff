/** Bytes of memory of this process after a garbage collection, as in an idle server. Needs --expose-gc. */
export function memory(): number {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  }
  return process.memoryUsage().rss;
}
