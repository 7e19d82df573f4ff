import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Deletes a machine. */
export const deleteForm: FormCommand = {
  title: "Delete the machine",
  icon: "trash",
  explains:
    "The machine goes with its labels, agent, hardware reports and log. Its history is kept and can be read by its UUID. What runs on the machine is not touched.",
  fields: [],
  initial: () => ({}),
  button: (_, which) => `Delete ${which}`,
  danger: () => true,
  typed: true,
  prepare: (machine, _, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: MachineService.method.machineDelete,
      message: { requestId, machine: machine.id },
      words: (message) => ["machine", "delete", machineNameOrId(machine), "--request-id", message.requestId],
      done: () => "is deleted",
    }),
};
