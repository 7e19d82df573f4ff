import { ControllerService } from "../../gen/farrier/operator/v1/controller_pb.ts";
import { bootTargetValues, bootTargetWords } from "../../src/contract/words/power.ts";
import { valueOfWord, wordOf } from "../../src/contract/words/table.ts";
import { machineNameOrId, wordOptions, type FormCommand } from "./command.ts";
import { operationEnd } from "./operation-end.ts";
import { prepare } from "./prepared.ts";

/** Chooses where a machine boots from. */
export const bootForm: FormCommand = {
  title: "Boot source",
  icon: "machine",
  explains: "Chooses where the machine boots from, by its management controller. It does not restart the machine.",
  fields: [
    { name: "target", label: "Boot from", kind: "choice", options: wordOptions(Object.values(bootTargetWords)) },
    { name: "once", label: "Only the next boot", kind: "tick" },
  ],
  initial: () => ({ target: "network", once: "yes" }),
  button: ({ target = "", once = "" }, which) => `Boot ${which} from ${target}${once === "yes" ? " once" : ""}`,
  prepare: (machine, { target = "network", once = "" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: ControllerService.method.machineBoot,
      message: {
        requestId,
        machine: machine.id,
        target: valueOfWord(bootTargetWords, target) ?? bootTargetValues.network,
        once: once === "yes",
      },
      words: (message) => [
        ...["machine", "boot", machineNameOrId(machine), wordOf(bootTargetWords, message.target) ?? "network"],
        ...(message.once ? ["--once"] : []),
        ...["--request-id", message.requestId],
      ],
      done: async ({ operation }, transport) => {
        await operationEnd(transport, operation);
        return `boots from ${target}${once === "yes" ? " once" : ""}`;
      },
    }),
};
