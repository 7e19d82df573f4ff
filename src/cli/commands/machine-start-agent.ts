import { buildCommand } from "@stricli/core";
import type { MachineStartAgentFlags } from "../actions/machine-start-agent.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { switchFlag, textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineStartAgentCommand = buildCommand<MachineStartAgentFlags, [string], CliContext>({
  docs: docs(
    "Allow that a machine is switched off to start an agent on it",
    "Allows that a machine is switched off to start an agent on it, whatever runs there. " +
      "A machine that has power and that Farrier has not installed is left as it is before that.",
    ["farrier machine start-agent web1 --yes"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      yes: switchFlag("Stop what runs on the machine"),
      bootBy: textFlag(
        "How agents are started from now on: ssh-takeover, controller-network, controller-media, controller-http, provider-network or auto",
        "MEANS",
      ),
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-start-agent.ts")).machineStartAgentAction,
});
