import { timestampDate } from "@bufbuild/protobuf/wkt";
import { EnrollmentService } from "../../gen/farrier/operator/v1/enrollment_pb.ts";
import { parseSeconds } from "../../src/lib/format/parse-seconds.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Lets a machine enrol by network boot. */
export const bootWindowForm: FormCommand = {
  title: "Open a boot window",
  icon: "network",
  explains:
    "The first network boot that identifies itself as this machine gets a token, and the machine is bound to the key that presents it. Switch the machine off first: if a second key claims the machine in the window, the machine is put in quarantine.",
  fields: [
    {
      name: "for",
      label: "Duration",
      kind: "text",
      hint: "A number and a unit, such as 90s, 10m or 2h.",
      required: true,
      problem: secondsProblem,
    },
  ],
  initial: () => ({ for: "10m" }),
  button: ({ for: duration = "" }, which) => `Open a boot window of ${duration} for ${which}`,
  prepare: (machine, { for: duration = "10m" }, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: EnrollmentService.method.bootWindowOpen,
      message: { requestId, machine: machine.id, seconds: parseSeconds(duration) },
      words: (message) => [
        ...["machine", "boot-window", machineNameOrId(machine), "--for", `${message.seconds}s`],
        ...["--request-id", message.requestId],
      ],
      done: ({ closesAt }) =>
        `may enrol${closesAt === undefined ? "" : ` until ${timestampDate(closesAt).toISOString().slice(0, 19)}Z`}: make it boot from the network now`,
    }),
};

/** Closes the open boot window. */
export const bootWindowCloseForm: FormCommand = {
  title: "Close the boot window",
  icon: "network",
  explains: "A network boot gets no token any more. An agent that has enrolled stays enrolled.",
  fields: [],
  initial: () => ({}),
  button: (_, which) => `Close the boot window of ${which}`,
  prepare: (machine, _, requestId) =>
    prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: EnrollmentService.method.bootWindowClose,
      message: { requestId, machine: machine.id },
      words: (message) => [
        "machine",
        "boot-window",
        machineNameOrId(machine),
        "--close",
        "--request-id",
        message.requestId,
      ],
      done: () => "may not enrol any more: its boot window is closed",
    }),
};

function secondsProblem(value: string): string | undefined {
  try {
    parseSeconds(value);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
