import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { machineNameOrId, reasonProblem, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Ends the pending installation. */
export const cancelForm: FormCommand = {
  title: "Cancel the installation",
  icon: "close",
  explains:
    "If no byte was written yet, the disk is unchanged, and the machine stays installed if it was. Otherwise the disk's content can't be relied on. It also stops further tries after an error.",
  fields: [{ name: "reason", label: "Reason", kind: "text", hint: "Stored in the history.", problem: reasonProblem }],
  initial: () => ({ reason: "" }),
  button: (_, which) => `Cancel the installation of ${which}`,
  danger: () => true,
  prepare: (machine, { reason = "" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: InstallationService.method.installationCancel,
      message: { requestId, machine: machine.id, generation: machine.installation?.generation ?? 0n, reason },
      words: (message) => [
        ...["machine", "cancel", machineNameOrId(machine), "--generation", String(message.generation)],
        ...(message.reason === "" ? [] : ["--reason", message.reason]),
        ...["--request-id", message.requestId],
      ],
      done: ({ generation, retriesStopped, diskTouched }) =>
        `generation ${generation} ${retriesStopped ? "had ended already; no further tries follow" : "is cancelled"}` +
        (diskTouched ? "; its disk may have been written to: do not rely on its content" : "; its disk is unchanged"),
    }),
};
