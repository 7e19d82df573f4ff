import { buildCommand } from "@stricli/core";
import type { LabDownFlags } from "../actions/lab-down.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";

export const labDownCommand = buildCommand<LabDownFlags, readonly string[], CliContext>({
  docs: docs(
    "Delete lab machines and their disks",
    "Deletes the named lab machines, or all: switches them off, deletes their disks, and deletes them from the control " +
      "plane if it runs.",
    ["farrier lab down", "farrier lab down lab-2"],
  ),
  parameters: {
    flags: clientFlags,
    positional: { kind: "array", parameter: { brief: "A lab machine's name", placeholder: "NAME", parse: String } },
  },
  loader: async () => (await import("../actions/lab-down.ts")).labDownAction,
});
