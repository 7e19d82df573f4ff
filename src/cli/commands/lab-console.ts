import { buildCommand } from "@stricli/core";
import type { LabConsoleFlags } from "../actions/lab-console.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, switchFlag } from "../flags/flag.ts";
import { parsePositive } from "../line/positive.ts";

export const labConsoleCommand = buildCommand<LabConsoleFlags, [string], CliContext>({
  docs: docs("Show a lab machine's serial console output", "", [
    "farrier lab console lab-1",
    "farrier lab console lab-1 --lines 20 --follow",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      follow: switchFlag("Follow new output until interrupted"),
      lines: optionalFlag("Only the last lines", "N", parsePositive),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The lab machine's name", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/lab-console.ts")).labConsoleAction,
});
