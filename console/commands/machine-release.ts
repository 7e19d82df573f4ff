import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Ends a quarantine. */
export const releaseForm: FormCommand = {
  title: "Release from quarantine",
  icon: "check",
  explains: "Farrier takes care of the machine again. Requests that were cancelled stay cancelled.",
  fields: [],
  initial: () => ({}),
  button: (_, which) => `Release ${which}`,
  prepare: (machine, _, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: MachineService.method.machineRelease,
      message: { requestId, machine: machine.id },
      words: (message) => ["machine", "release", machineNameOrId(machine), "--request-id", message.requestId],
      done: () => "is released from quarantine",
    }),
};
