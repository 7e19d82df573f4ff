// Loaded into a process whose memory is looked at (node --import, with --expose-gc): on SIGUSR2 it puts out its rubbish and
// appends what it holds then to the file of FARRIER_SOAK_MEMORY, a JSON object on a line. Without this, a look shows how long
// ago the last collection was, more than what is kept.
import { appendFileSync } from "node:fs";

process.on("SIGUSR2", () => {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  const { rss, heapUsed, external } = process.memoryUsage();
  appendFileSync(process.env["FARRIER_SOAK_MEMORY"] ?? "/dev/null", `${JSON.stringify({ rss, heapUsed, external })}\n`);
});
