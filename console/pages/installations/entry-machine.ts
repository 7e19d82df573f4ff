import { create } from "@bufbuild/protobuf";
import type { InstallationEntry } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineSchema, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";

/** The machine of an entry, as far as commands need it; what the list does not say, the server decides. Pure. */
export function entryMachine({ machineId, machineName, installation }: InstallationEntry): Machine {
  return create(MachineSchema, {
    id: machineId,
    name: machineName,
    ...(installation === undefined ? {} : { installation }),
  });
}
