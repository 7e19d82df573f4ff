import { dirname, join } from "node:path";
import { agentInitRead } from "../../src/agent/calls/init-file.ts";
import { runAgent } from "../../src/agent/run.ts";
import { createLogger } from "../../src/lib/log.ts";

// An agent as a process of its own, to be killed: node agent-child.ts INIT FILE-DISKS
const [, , path = "", fileDisks = ""] = process.argv;
const controller = new AbortController();
process.once("SIGTERM", () => controller.abort());
await runAgent({
  init: await agentInitRead(path),
  fileDisks,
  runDirectory: join(dirname(path), "runs"),
  heartbeatIntervalMs: 40,
  log: createLogger({ level: "warn", component: "agent" }),
  signal: controller.signal,
});
