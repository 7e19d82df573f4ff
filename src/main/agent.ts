import { initFileRead } from "../agent/init-file.ts";
import { createLogTail } from "../agent/log-tail.ts";
import { runAgent } from "../agent/run.ts";
import type { AgentRunOptions } from "../cli/starters.ts";
import { createLogger } from "../lib/log.ts";
import { untilStopped } from "./until-stopped.ts";

/** `farrier agent run`: the agent, on this host. Resolves to the exit status. */
export async function run(options: AgentRunOptions): Promise<number> {
  const heartbeatSeconds = heartbeatSecondsRead(process.env["FARRIER_AGENT_HEARTBEAT_SECONDS"]);
  const logTail = createLogTail();
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "agent", also: logTail.write });
  const init = await initFileRead(options.init);
  const stop = new AbortController();
  void untilStopped().then((signal) => {
    log.info({ signal }, "stopping");
    stop.abort(new Error(`told to stop by ${signal}`));
  });
  await runAgent({
    init,
    log,
    logTail,
    signal: stop.signal,
    ...(options.fileDisks === undefined ? {} : { fileDisks: options.fileDisks }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatIntervalMs: heartbeatSeconds * 1000 }),
  });
  return 0;
}

/** FARRIER_AGENT_HEARTBEAT_SECONDS, where it is set. @throws {RangeError} saying what was expected */
function heartbeatSecondsRead(text: string | undefined): number | undefined {
  if (text === undefined || text === "") {
    return undefined;
  }
  const seconds = Number(text);
  if (!/^\d+$/u.test(text) || seconds < 1 || seconds > 300) {
    throw new RangeError(
      `FARRIER_AGENT_HEARTBEAT_SECONDS is "${text}": expected whole seconds from 1 to 300, or nothing for 30`,
    );
  }
  return seconds;
}
