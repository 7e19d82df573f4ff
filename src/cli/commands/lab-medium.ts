import { buildCommand } from "@stricli/core";
import type { LabMediumFlags } from "../actions/lab-medium.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { switchFlag, textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";

export const labMediumCommand = buildCommand<LabMediumFlags, [string], CliContext>({
  docs: docs(
    "Put a medium into a lab machine's drive, or eject it",
    "Puts a copy of a file into the drive of a lab machine that is off, or empties the drive. It is what a controller " +
      "does with a virtual medium.",
    ["farrier lab medium lab-1 --insert agent.iso", "farrier lab medium lab-1 --eject"],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      insert: textFlag("The file of the medium", "FILE"),
      eject: switchFlag("Empty the drive"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The lab machine's name", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/lab-medium.ts")).labMediumAction,
});
