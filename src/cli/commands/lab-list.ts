import { buildCommand } from "@stricli/core";
import type { LabListFlags } from "../actions/lab-list.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";

export const labListCommand = buildCommand<LabListFlags, [], CliContext>({
  docs: docs("List lab machines", "", ["farrier lab list", "farrier lab list --json"]),
  parameters: { flags: { ...commonFlags, json: switchFlag("As JSON") } },
  loader: async () => (await import("../actions/lab-list.ts")).labListAction,
});
