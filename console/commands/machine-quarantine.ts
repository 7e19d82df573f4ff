import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { machineNameOrId, reasonProblem, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Orders Farrier to leave a machine alone. */
export const quarantineForm: FormCommand = {
  title: "Quarantine",
  icon: "lock",
  explains:
    "A pending installation is cancelled, new requests are refused, and no agent is started or recovered until the machine is released.",
  fields: [
    {
      name: "reason",
      label: "Reason",
      kind: "text",
      hint: "Stored in the history.",
      required: true,
      problem: reasonProblem,
    },
  ],
  initial: () => ({ reason: "" }),
  button: (_, which) => `Quarantine ${which}`,
  danger: () => true,
  prepare: (machine, { reason = "" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: MachineService.method.machineQuarantine,
      message: { requestId, machine: machine.id, reason },
      words: (message) => [
        ...["machine", "quarantine", machineNameOrId(machine), "--reason", message.reason],
        ...["--request-id", message.requestId],
      ],
      done: ({ cancelledGeneration }) =>
        cancelledGeneration === 0n
          ? "is in quarantine"
          : `is in quarantine; its pending generation ${cancelledGeneration} is cancelled`,
    }),
};
