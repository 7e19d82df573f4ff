import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { clientFlags, docs, watchFlags, type ClientFlags, type WatchFlags } from "../line/flags.ts";
import { machineParameter } from "../line/parameters.ts";

export const machineShowCommand = buildCommand<ClientFlags & WatchFlags, [string], CliContext>({
  docs: docs("Show everything about one machine", "", [
    "farrier machine show web1",
    "farrier machine show 3f2a --output yaml",
    "farrier machine show web1 --watch",
  ]),
  parameters: {
    flags: { ...clientFlags, ...watchFlags },
    positional: { kind: "tuple", parameters: [machineParameter] },
  },
  loader: async () => (await import("../actions/machine-show.ts")).machineShowAction,
});
