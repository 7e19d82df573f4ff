import { buildCommand } from "@stricli/core";
import type { LabPowerFlags } from "../actions/lab-power.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";

export const labPowerCommand = buildCommand<LabPowerFlags, [string, "on" | "off" | "reset"], CliContext>({
  docs: docs(
    "Switch a lab machine on or off, or reset it",
    "Switches a lab machine on or off, or resets it, without a shutdown of its operating system. --boot " +
      "chooses the source of the next boot; without it the firmware decides.",
    ["farrier lab power lab-1 off", "farrier lab power lab-1 reset --boot disk"],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      boot: {
        kind: "enum",
        optional: true,
        values: ["network", "disk", "medium"],
        brief: "Boot source for the next start only",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The lab machine's name", placeholder: "NAME", parse: String },
        { brief: "on, off or reset", placeholder: "on|off|reset", parse: parseAction },
      ],
    },
  },
  loader: async () => (await import("../actions/lab-power.ts")).labPowerAction,
});

function parseAction(text: string): "on" | "off" | "reset" {
  if (text === "on" || text === "off" || text === "reset") {
    return text;
  }
  throw new RangeError(`"${text}" is not a power action: expected on, off or reset`);
}
