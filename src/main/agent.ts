import { initFileRead } from "../agent/init-file.ts";
import { runAgent } from "../agent/run.ts";
import type { AgentRunOptions } from "../cli/starters.ts";
import { createLogger } from "../lib/log.ts";
import { untilStopped } from "./until-stopped.ts";

/** `farrier agent run`: the agent, on this host. Resolves to the exit status. */
export async function run(options: AgentRunOptions): Promise<number> {
  const log = createLogger({ level: options.debug ? "debug" : "info", component: "agent" });
  const init = await initFileRead(options.init);
  const stop = new AbortController();
  void untilStopped().then((signal) => {
    log.info({ signal }, "stopping");
    stop.abort(new Error(`told to stop by ${signal}`));
  });
  await runAgent({
    init,
    log,
    signal: stop.signal,
    ...(options.fileDisks === undefined ? {} : { fileDisks: options.fileDisks }),
  });
  return 0;
}
