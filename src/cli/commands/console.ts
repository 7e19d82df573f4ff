import { buildCommand } from "@stricli/core";
import type { ConsoleFlags } from "../actions/console.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";

const { dataDir, debug, operators, context } = clientFlags;

export const consoleCommand = buildCommand<ConsoleFlags, [], CliContext>({
  docs: docs(
    "Open the console in the browser, signed in as you",
    "On a terminal the link is printed too. It signs in one browser, once, within 60 seconds: don't pass it on. Behind an " +
      "SSH tunnel name the tunnel's end with --operators.",
    ["farrier console", "farrier console --context lab", "farrier console --print"],
  ),
  parameters: {
    flags: { dataDir, debug, operators, context, print: switchFlag("Print the link only; start no browser") },
  },
  loader: async () => (await import("../actions/console.ts")).consoleAction,
});
