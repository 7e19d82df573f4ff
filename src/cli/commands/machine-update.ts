import { buildCommand } from "@stricli/core";
import type { MachineUpdateFlags } from "../actions/machine-update.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, textFlag } from "../flags/flag.ts";
import { sshFlags } from "../flags/ssh.ts";
import { machineChangeFlags } from "../flags/machine-change.ts";
import { oneMachine } from "../line/parameters.ts";

export const machineUpdateCommand = buildCommand<MachineUpdateFlags, [string], CliContext>({
  docs: docs("Change a machine's name, labels, identity, network and SSH account", "", [
    "farrier machine update 3f2a --name web1",
    "farrier machine update web1 --label rack=b12 --remove-label spare",
    'farrier machine update web1 --name ""',
    "farrier machine update web1 --mac 52:54:00:12:34:57 --remove-mac 52:54:00:12:34:56",
    "farrier machine update web1 --network network.yaml",
    "farrier machine update web1 --ssh root@192.0.2.7 --credential rented --ssh-accept-new",
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
      network: textFlag('Its network in place of DHCP: YAML of netplan, version 2; "" = DHCP', "FILE"),
      ...sshFlags,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/machine-update.ts")).machineUpdateAction,
});
