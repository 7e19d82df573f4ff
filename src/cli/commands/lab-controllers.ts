import { buildCommand } from "@stricli/core";
import type { LabControllersFlags } from "../actions/lab-controllers.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";

export const labControllersCommand = buildCommand<LabControllersFlags, [], CliContext>({
  docs: docs(
    "Serve the controllers of lab machines in the foreground",
    "Serves the management controllers of lab machines, until the last one is deleted. `farrier lab up` starts this in the " +
      "background; run it by hand to see its log, or after a restart of this host.",
    ["farrier lab controllers"],
  ),
  parameters: { flags: commonFlags },
  loader: async () => (await import("../actions/lab-controllers.ts")).labControllersAction,
});
