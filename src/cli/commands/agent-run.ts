import { buildCommand } from "@stricli/core";
import type { AgentRunFlags } from "../actions/agent-run.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { requiredFlag, textFlag } from "../flags/flag.ts";

export const agentRunCommand = buildCommand<AgentRunFlags, [], CliContext>({
  docs: docs(
    "Run the agent on this host",
    "Runs the agent on this host: it reports this host's hardware to the control plane, heartbeats every 30 s " +
      "(FARRIER_AGENT_HEARTBEAT_SECONDS, 1 to 300), and carries out the installations that operators request. " +
      "A failed fetch of an image is repeated; it gives up after 12 tries in a row without progress (FARRIER_AGENT_FETCH_TRIES). " +
      "Without --file-disks it writes to this host's own disks: each request selects one. " +
      "The log on standard error is text on a terminal, and otherwise one JSON object per line.",
    ["farrier agent run --init web1.json", "farrier agent run --init web1.json --file-disks disks --log web1.log"],
  ),
  parameters: {
    flags: {
      init: requiredFlag("The init file that `farrier agent init` wrote", "FILE"),
      fileDisks: textFlag("Use the files of this directory as disks, instead of this host's disks", "DIR"),
      log: textFlag("Append the log to this file, one JSON object per line, instead of printing it", "FILE"),
      debug: commonFlags.debug,
    },
  },
  loader: async () => (await import("../actions/agent-run.ts")).agentRunAction,
});
