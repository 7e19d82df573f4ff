import { buildCommand } from "@stricli/core";
import type { HardwareListFlags } from "../actions/hardware-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";
import { watchFlags } from "../flags/watch.ts";

export const hardwareListCommand = buildCommand<HardwareListFlags, [string], CliContext>({
  docs: docs("List a machine's hardware reports, the latest first", "", ["farrier hardware list web1"]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: oneMachine },
  loader: async () => (await import("../actions/hardware-list.ts")).hardwareListAction,
});
