import { buildCommand } from "@stricli/core";
import { parseHostPort } from "../../lib/net/host-port.ts";
import type { AgentInitFlags } from "../actions/agent-init.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, requiredFlag, switchFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";

export const agentInitCommand = buildCommand<AgentInitFlags, [string], CliContext>({
  docs: docs(
    "Make an agent's key and init file",
    "Makes an agent's key on this host, registers its public half with the control plane, and writes the init file " +
      "(mode 0600) that `farrier agent run` takes. An existing file is never overwritten, except the same machine's " +
      "with --replace.",
    [
      "farrier agent init web1 --out web1.json",
      "farrier agent init web1 --out web1.json --replace --endpoint farrier.lab:8443",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      out: requiredFlag("Where to write the init file", "FILE"),
      endpoint: optionalFlag(
        "Where the agent reaches the control plane (default: the control plane's own answer)",
        "HOST:PORT",
        parseHostPort,
      ),
      replace: switchFlag("Replace the machine's current agent: its key stops working at once"),
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/agent-init.ts")).agentInitAction,
});
