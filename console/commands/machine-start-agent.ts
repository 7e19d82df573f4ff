import { ControllerService } from "../../gen/farrier/operator/v1/controller_pb.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Allows that what runs on a machine is stopped to start an agent. */
export const startAgentForm: FormCommand = {
  title: "Start an agent",
  icon: "power",
  explains:
    "Allows that the machine is switched off to start an agent on it, whatever runs there. A machine that has power and that Farrier has not installed is left as it is before that.",
  fields: [
    {
      name: "bootBy",
      label: "How agents are started from now on",
      kind: "choice",
      options: [
        ["", "unchanged"],
        ["auto", "auto: the first way that works"],
        ["ssh-takeover", "ssh-takeover: from the running system, by SSH"],
        ["controller-network", "controller-network: network boot by the controller"],
        ["controller-media", "controller-media: virtual media of the controller"],
        ["controller-http", "controller-http: UEFI HTTP boot by the controller"],
        ["provider-network", "provider-network: network boot by the provider's power switch"],
      ],
    },
  ],
  initial: () => ({ bootBy: "" }),
  button: (_, which) => `Stop what runs on ${which} and start an agent`,
  danger: () => true,
  prepare: (machine, { bootBy = "" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: ControllerService.method.machineStartAgent,
      message: { requestId, machine: machine.id, bootBy },
      words: (message) => [
        ...["machine", "start-agent", machineNameOrId(machine), "--yes"],
        ...(message.bootBy === "" ? [] : ["--boot-by", message.bootBy]),
        ...["--request-id", message.requestId],
      ],
      done: () => "may be stopped: a shepherd starts an agent on it if one is needed",
    }),
};
