import { ControllerService, PowerCommand } from "../../gen/farrier/operator/v1/controller_pb.ts";
import { powerCommandValues, powerCommandWords } from "../../src/contract/words/power.ts";
import { valueOfWord, wordOf } from "../../src/contract/words/table.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { operationEnd } from "./operation-end.ts";
import { prepare } from "./prepared.ts";

/** The commands that stop what runs. */
const stopping: ReadonlySet<string> = new Set(["off", "soft-off", "cycle", "reset", "nmi"]);

/** Reads or switches a machine's power. */
export const powerForm: FormCommand = {
  title: "Power",
  icon: "power",
  explains:
    "By the machine's management controller, or by its provider's power switch. off cuts the power; soft-off asks the operating system to shut down.",
  fields: [
    {
      name: "command",
      label: "Command",
      kind: "choice",
      options: [
        ["status", "status: read it"],
        ["on", "on"],
        ["soft-off", "soft-off: shut down"],
        ["off", "off: cut the power"],
        ["cycle", "cycle: off, then on"],
        ["reset", "reset"],
        ["nmi", "nmi: diagnostic interrupt"],
      ],
    },
    {
      name: "confirmed",
      label: "Also stop a machine that is installed",
      kind: "tick",
      shown: ({ command = "" }) => stopping.has(command),
    },
  ],
  initial: () => ({ command: "status", confirmed: "" }),
  button: ({ command = "" }, which) =>
    command === "status" ? `Read the power of ${which}` : `Power ${which}: ${command}`,
  danger: ({ command = "" }) => stopping.has(command),
  prepare: (machine, { command = "status", confirmed = "" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: ControllerService.method.machinePower,
      message: {
        requestId,
        machine: machine.id,
        command: valueOfWord(powerCommandWords, command) ?? powerCommandValues.status,
        confirmed: confirmed === "yes" && stopping.has(command),
      },
      words: (message) => [
        ...["machine", "power", machineNameOrId(machine), wordOf(powerCommandWords, message.command) ?? "status"],
        ...(message.confirmed ? ["--yes"] : []),
        ...["--request-id", message.requestId],
      ],
      done: async ({ operation }, transport) => {
        const { power } = await operationEnd(transport, operation);
        const now = `power is ${typeof power === "string" ? power : "unknown"}`;
        return valueOfWord(powerCommandWords, command) === PowerCommand.STATUS ? now : `${command} is done; ${now}`;
      },
    }),
};
