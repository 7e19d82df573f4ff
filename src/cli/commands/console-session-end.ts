import { buildCommand } from "@stricli/core";
import type { ConsoleSessionEndFlags } from "../actions/console-session-end.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const consoleSessionEndCommand = buildCommand<ConsoleSessionEndFlags, [string], CliContext>({
  docs: docs("Sign a browser out; all servers refuse it within seconds", "", [
    "farrier console-session end 3b1f0c7e-58d2-4f6a-8e19-2a7c4d9b6e05",
  ]),
  parameters: {
    flags: { ...clientFlags, requestId: requestIdFlag },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Its id, from `farrier console-session list`", placeholder: "ID", parse: String }],
    },
  },
  loader: async () => (await import("../actions/console-session-end.ts")).consoleSessionEndAction,
});
