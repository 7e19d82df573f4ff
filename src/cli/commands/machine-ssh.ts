import { buildCommand } from "@stricli/core";
import type { MachineSshFlags } from "../actions/machine-ssh.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { optionalFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { machineParameter } from "../line/parameters.ts";
import { parsePositive } from "../line/positive.ts";

const { output: _output, json: _json, ...callFlags } = clientFlags;

export const machineSshCommand = buildCommand<MachineSshFlags, string[], CliContext>({
  docs: docs(
    "Log in to an installed system by SSH, with the host keys that it reported",
    "Runs OpenSSH's client. It trusts the host keys that the system reported when it came up, and no other. Your own keys, " +
      "agent and configuration are used as always. The exit status is ssh's: the command's, or 255.",
    [
      "farrier machine ssh web1",
      "farrier machine ssh web1 --user debian -- systemctl --failed",
      "farrier machine ssh web1 --address 192.0.2.7 --accept-unproven",
    ],
  ),
  parameters: {
    flags: {
      ...callFlags,
      user: textFlag("Account on the system (default: ssh's)", "USER"),
      address: textFlag("Which of the reported addresses (default: the first that other hosts can reach)", "ADDRESS"),
      port: optionalFlag("Port of the system's SSH server (default: ssh's)", "N", parsePositive),
      acceptUnproven: switchFlag("Also trust host keys that came in clear text, or of another installation"),
    },
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        ...machineParameter,
        brief: "The machine's id, its beginning, or its name; then a command, behind --",
      },
    },
  },
  loader: async () => (await import("../actions/machine-ssh.ts")).machineSshAction,
});
