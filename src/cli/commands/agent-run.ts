import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { commonFlags, docs, requiredFlag, textFlag } from "../line/flags.ts";

interface Flags {
  init: string;
  fileDisks: string | undefined;
  log: string | undefined;
  debug: boolean | undefined;
}

export const agentRunCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Run the agent on this host",
    "Runs the agent on this host: it tells the control plane what hardware is here, heartbeats every 30 s " +
      "(FARRIER_AGENT_HEARTBEAT_SECONDS, 1 to 300), and carries out the installations that are asked for. " +
      "An image that can't be fetched is tried for again (FARRIER_AGENT_FETCH_TRIES, 12 times in a row that bring nothing). " +
      "Without --file-disks it writes to this host's own disks, as requests name them. " +
      "The log on standard error is text on a terminal, and elsewhere a JSON object a line.",
    ["farrier agent run --init web1.json", "farrier agent run --init web1.json --file-disks disks --log web1.log"],
  ),
  parameters: {
    flags: {
      init: requiredFlag("The init file that `farrier agent init` wrote", "FILE"),
      fileDisks: textFlag("Use the files of this directory as disks, instead of this host's disks", "DIR"),
      log: textFlag("Append the log to this file, a JSON object a line, instead of printing it", "FILE"),
      debug: commonFlags.debug,
    },
  },
  async func(flags) {
    const { init, fileDisks, log: logFile } = flags;
    this.process.exitCode = await this.starters.agentRun({ init, fileDisks, logFile, debug: this.debug });
  },
});
