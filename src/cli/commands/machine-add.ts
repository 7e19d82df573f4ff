import { buildCommand } from "@stricli/core";
import type { MachineAddFlags } from "../actions/machine-add.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { sshFlags } from "../flags/ssh.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const machineAddCommand = buildCommand<MachineAddFlags, [string?], CliContext>({
  docs: docs("Add a machine and print its id", "", [
    "farrier machine add --provider static --provider-id rack1-u1 --name web1 --label rack=b12",
    "farrier machine add --provider static --provider-id rack1-u2 --address 10.0.0.2 --location 'rack 1, unit 2'",
    "farrier machine add --provider static --provider-id rack1-u3 --name web3 --mac 52:54:00:12:34:56",
    "farrier machine add web4 --ssh root@192.0.2.7 --credential rented --ssh-accept-new",
    "farrier machine add web5 --ssh root@192.0.2.8 --credential rented --ssh-accept-new --start-agent",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      provider: textFlag("The machine's provider (default: static)", "NAME"),
      providerId: textFlag("The machine's id at its provider (default: its SSH address)", "ID"),
      name: textFlag("A unique name, accepted wherever an id is", "NAME"),
      label: repeatedFlag("A label; repeatable", "KEY=VALUE"),
      reservationId: textFlag("The provider's id of its reservation", "ID"),
      address: textFlag("Its address", "ADDRESS"),
      location: textFlag("The machine's location", "TEXT"),
      smbiosUuid: textFlag("SMBIOS UUID (`dmidecode -s system-uuid`); identifies the machine at network boot", "UUID"),
      mac: repeatedFlag("MAC of an interface that the machine boots from; repeatable", "MAC"),
      ...sshFlags,
      startAgent: switchFlag("Stop what runs on --ssh's host, and start an agent in its memory"),
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The same as --name", placeholder: "NAME", optional: true, parse: (value: string): string => value },
      ],
    },
  },
  loader: async () => (await import("../actions/machine-add.ts")).machineAddAction,
});
