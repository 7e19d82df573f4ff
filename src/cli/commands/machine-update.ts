import { buildCommand } from "@stricli/core";
import type { MachineUpdateFlags } from "../actions/machine-update.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, textFlag } from "../flags/flag.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineUpdateCommand = buildCommand<MachineUpdateFlags, [string], CliContext>({
  docs: docs("Change a machine's name, labels, SMBIOS UUID and MACs", "", [
    "farrier machine update 3f2a --name web1",
    "farrier machine update web1 --label rack=b12 --remove-label spare",
    'farrier machine update web1 --name ""',
    "farrier machine update web1 --mac 52:54:00:12:34:57 --remove-mac 52:54:00:12:34:56",
  ]),
  parameters: {
    flags: {
      ...machineChangeFlags,
      name: textFlag('Its new name; "" = none', "NAME"),
      label: repeatedFlag("Set a label; repeatable", "KEY=VALUE"),
      removeLabel: repeatedFlag("Remove a label; repeatable", "KEY"),
      smbiosUuid: textFlag('Its SMBIOS UUID, which identifies it at network boot; "" = none', "UUID"),
      mac: repeatedFlag("Add the MAC of an interface that the machine boots from; repeatable", "MAC"),
      removeMac: repeatedFlag("Remove a MAC; repeatable", "MAC"),
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-update.ts")).machineUpdateAction,
});
