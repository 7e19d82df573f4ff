import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  parseRequestId,
  repeatedFlag,
  requiredFlag,
  textFlag,
  type ClientFlags,
} from "../line/flags.ts";

/** Flags of `farrier machine add`. */
export interface MachineAddFlags extends ClientFlags {
  provider: string;
  providerId: string;
  name: string | undefined;
  label: readonly string[] | undefined;
  reservationId: string | undefined;
  address: string | undefined;
  location: string | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  requestId: string | undefined;
}

export const machineAddCommand = buildCommand<MachineAddFlags, [], CliContext>({
  docs: docs("Make a machine known; prints its id", "", [
    "farrier machine add --provider static --provider-id rack1-u1 --name web1 --label rack=b12",
    "farrier machine add --provider static --provider-id rack1-u2 --address 10.0.0.2 --location 'rack 1, unit 2'",
    "farrier machine add --provider static --provider-id rack1-u3 --name web3 --mac 52:54:00:12:34:56",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      provider: requiredFlag("Where the machine comes from, such as static", "NAME"),
      providerId: requiredFlag("What it is called there", "ID"),
      name: textFlag("A name of its own, good wherever its id is", "NAME"),
      label: repeatedFlag("A label; repeatable", "KEY=VALUE"),
      reservationId: textFlag("The provider's id of its reservation", "ID"),
      address: textFlag("Its address", "ADDRESS"),
      location: textFlag("Where it stands", "TEXT"),
      smbiosUuid: textFlag("Its firmware's UUID (`dmidecode -s system-uuid`): by it a network boot is known", "UUID"),
      mac: repeatedFlag("The MAC of an interface that it may boot by; repeatable", "MAC"),
      requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
    },
  },
  loader: async () => (await import("../actions/machine-add.ts")).machineAdd,
});
