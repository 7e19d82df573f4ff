import { buildCommand } from "@stricli/core";
import type { MachineAddFlags } from "../actions/machine-add.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, requiredFlag, textFlag } from "../flags/flag.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const machineAddCommand = buildCommand<MachineAddFlags, [], CliContext>({
  docs: docs("Add a machine and print its id", "", [
    "farrier machine add --provider static --provider-id rack1-u1 --name web1 --label rack=b12",
    "farrier machine add --provider static --provider-id rack1-u2 --address 10.0.0.2 --location 'rack 1, unit 2'",
    "farrier machine add --provider static --provider-id rack1-u3 --name web3 --mac 52:54:00:12:34:56",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      provider: requiredFlag("The machine's provider, such as static", "NAME"),
      providerId: requiredFlag("The machine's id at its provider", "ID"),
      name: textFlag("A unique name, accepted wherever an id is", "NAME"),
      label: repeatedFlag("A label; repeatable", "KEY=VALUE"),
      reservationId: textFlag("The provider's id of its reservation", "ID"),
      address: textFlag("Its address", "ADDRESS"),
      location: textFlag("The machine's location", "TEXT"),
      smbiosUuid: textFlag("SMBIOS UUID (`dmidecode -s system-uuid`); identifies the machine at network boot", "UUID"),
      mac: repeatedFlag("MAC of an interface that the machine boots from; repeatable", "MAC"),
      requestId: requestIdFlag,
    },
  },
  loader: async () => (await import("../actions/machine-add.ts")).machineAddAction,
});
