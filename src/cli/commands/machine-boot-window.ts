import { buildCommand } from "@stricli/core";
import type { MachineBootWindowFlags } from "../actions/machine-boot-window.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { optionalFlag, switchFlag } from "../flags/flag.ts";
import { oneMachine } from "../line/parameters.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const machineBootWindowCommand = buildCommand<MachineBootWindowFlags, [string], CliContext>({
  docs: docs(
    "Open a boot window, in which the machine may enrol by network boot",
    "Opens a boot window. The first network boot that identifies itself as this machine gets a token, and the machine is bound to the key that presents it. " +
      "Switch the machine off first: if a second key claims the machine in the window, the machine is put in quarantine.",
    [
      "farrier machine boot-window web1",
      "farrier machine boot-window web1 --for 30m",
      "farrier machine boot-window web1 --close",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      for: optionalFlag("Duration of the window (default: 10m)", "DURATION", parseSeconds),
      close: switchFlag("Close the open window"),
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-boot-window.ts")).machineBootWindowAction,
});
