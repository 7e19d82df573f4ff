/** Bytes of memory this process holds, once it has put out its rubbish, as a server that idles does by itself. Needs --expose-gc. */
export function memory(): number {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  }
  return process.memoryUsage().rss;
}
