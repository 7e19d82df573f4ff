import { ControllerService } from "../../gen/farrier/operator/v1/controller_pb.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { operationEnd } from "./operation-end.ts";
import { prepare } from "./prepared.ts";

/** Switches a machine's identification light. */
export const identifyForm: FormCommand = {
  title: "Identification light",
  icon: "info",
  explains: "The light by which a machine is found in its rack, switched by its management controller.",
  fields: [
    {
      name: "light",
      label: "Light",
      kind: "choice",
      options: [
        ["on", "on"],
        ["off", "off"],
      ],
    },
  ],
  initial: () => ({ light: "on" }),
  button: ({ light = "" }, which) => `Switch the light of ${which} ${light}`,
  prepare: (machine, { light = "on" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: ControllerService.method.machineIdentify,
      message: { requestId, machine: machine.id, on: light === "on" },
      words: (message) => [
        ...["machine", "identify", machineNameOrId(machine), message.on ? "on" : "off"],
        ...["--request-id", message.requestId],
      ],
      done: async ({ operation }, transport) => {
        await operationEnd(transport, operation);
        return `its light is ${light}`;
      },
    }),
};
