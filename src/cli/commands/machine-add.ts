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
} from "../flags.ts";

/** Flags of `farrier machine add`. */
export interface MachineAddFlags extends ClientFlags {
  provider: string;
  providerId: string;
  name: string | undefined;
  label: readonly string[] | undefined;
  reservationId: string | undefined;
  address: string | undefined;
  location: string | undefined;
  requestId: string | undefined;
}

export const machineAddCommand = buildCommand<MachineAddFlags, [], CliContext>({
  docs: docs("Make a machine known; prints its id", "", [
    "farrier machine add --provider static --provider-id rack1-u1 --name web1 --label rack=b12",
    "farrier machine add --provider static --provider-id rack1-u2 --address 10.0.0.2 --location 'rack 1, unit 2'",
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
      requestId: optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId),
    },
  },
  loader: async () => (await import("../actions/machine-add.ts")).machineAdd,
});
