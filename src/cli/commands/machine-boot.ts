import { buildCommand } from "@stricli/core";
import type { MachineBootFlags } from "../actions/machine-boot.ts";
import type { CliContext } from "../context.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { machinesFlags } from "../flags/machines.ts";
import { machinesThenWord } from "../line/machines-then-word.ts";

export const machineBootCommand = buildCommand<MachineBootFlags, string[], CliContext>({
  docs: docs(
    "Choose where machines boot from: network, disk, http, media, setup",
    "Chooses where machines boot from, by their management controllers. It does not restart them.",
    ["farrier machine boot web1 network --once", "farrier machine boot web1 disk"],
  ),
  parameters: {
    flags: { ...machinesFlags, once: switchFlag("Only the next boot") },
    positional: machinesThenWord(["network", "disk", "http", "media", "setup"]),
  },
  loader: async () => (await import("../actions/machine-boot.ts")).machineBootAction,
});
