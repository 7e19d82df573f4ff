import { buildCommand } from "@stricli/core";
import type { MachinePowerFlags } from "../actions/machine-power.ts";
import type { CliContext } from "../context.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { machinesFlags } from "../flags/machines.ts";
import { machinesThenWord } from "../line/machines-then-word.ts";

export const machinePowerCommand = buildCommand<MachinePowerFlags, string[], CliContext>({
  docs: docs(
    "Read or switch machines' power: status, on, off, soft-off, cycle, reset, nmi",
    "Reads or switches machines' power by their management controllers, or by their provider's power switch. " +
      "Returns when the controller shows it done. off cuts the power; soft-off asks the operating system to shut down.",
    [
      "farrier machine power web1 status",
      "farrier machine power web1 web2 cycle --yes",
      "farrier machine power --label rack=b12 on --max-parallel 4",
    ],
  ),
  parameters: {
    flags: { ...machinesFlags, yes: switchFlag("Also stop a machine that is installed") },
    positional: machinesThenWord(["status", "on", "off", "soft-off", "cycle", "reset", "nmi"]),
  },
  loader: async () => (await import("../actions/machine-power.ts")).machinePowerAction,
});
