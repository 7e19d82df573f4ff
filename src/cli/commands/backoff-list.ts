import { buildCommand } from "@stricli/core";
import type { BackoffListFlags } from "../actions/backoff-list.ts";
import type { CliContext } from "../context.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";
import { workFlags } from "../flags/work.ts";

export const backoffListCommand = buildCommand<BackoffListFlags, [], CliContext>({
  docs: docs("List backoffs: machine, process, end and cause", "", ["farrier backoff list --machine web1"]),
  parameters: { flags: { ...workFlags, all: switchFlag("Include backoffs that have ended") } },
  loader: async () => (await import("../actions/backoff-list.ts")).backoffListAction,
});
