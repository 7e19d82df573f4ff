import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { labelKeyPattern, machineNamePattern } from "../../src/contract/machine-name.ts";
import { machineNameOrId, type FormCommand } from "./command.ts";
import { prepare } from "./prepared.ts";

/** Changes a machine's name and labels. */
export const updateForm: FormCommand = {
  title: "Name and labels",
  icon: "tag",
  explains: "Labels group machines, and commands and lists choose machines by them.",
  fields: [
    {
      name: "name",
      label: "Name",
      kind: "text",
      hint: "A host name; empty means none.",
      alone: true,
      problem: (value) =>
        machineNamePattern.test(value)
          ? undefined
          : "expected a host name: at most 63 lower-case letters, digits, dots and hyphens, such as web1",
    },
    {
      name: "set",
      label: "Set labels",
      kind: "lines",
      hint: "KEY=VALUE, one a line.",
      problem: (value) => {
        const labels = labelsParse(value);
        return typeof labels === "string" ? labels : undefined;
      },
    },
    { name: "remove", label: "Remove labels", kind: "lines", hint: "KEY, one a line." },
  ],
  initial: (machine) => ({ name: machine?.name ?? "", before: machine?.name ?? "", set: "", remove: "" }),
  button: (_, which) => `Change ${which}`,
  problem: ({ name = "", before = "", set = "", remove = "" }) =>
    name === before && set.trim() === "" && remove.trim() === "" ? "nothing is changed yet" : undefined,
  prepare: (machine, { name = "", before = "", set = "", remove = "" }, requestId) => {
    const labels = labelsParse(set);
    return prepare({
      machineId: machine.id,
      title: machineNameOrId(machine),
      method: MachineService.method.machineUpdate,
      message: {
        requestId,
        machine: machine.id,
        ...(name === before ? {} : { name }),
        setLabels: typeof labels === "string" ? {} : labels,
        removeLabels: lines(remove),
      },
      words: (message) => [
        ...["machine", "update", machineNameOrId(machine)],
        ...(message.name === undefined ? [] : ["--name", message.name]),
        ...Object.entries(message.setLabels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
        ...message.removeLabels.flatMap((key) => ["--remove-label", key]),
        ...["--request-id", message.requestId],
      ],
      done: () => "is changed",
    });
  },
};

/** Labels of lines KEY=VALUE, or what is wrong with them. Pure. */
export function labelsParse(text: string): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const line of lines(text)) {
    const equals = line.indexOf("=");
    const key = line.slice(0, Math.max(0, equals));
    if (!labelKeyPattern.test(key)) {
      return `"${line}": expected KEY=VALUE, the key of lower-case letters, digits and . _ / -, such as rack=b12`;
    }
    labels[key] = line.slice(equals + 1);
  }
  return labels;
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
