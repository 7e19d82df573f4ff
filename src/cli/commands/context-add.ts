import { buildCommand } from "@stricli/core";
import type { ContextAddFlags } from "../actions/context-add.ts";
import type { CliContext } from "../context.ts";
import { oneContext } from "../line/context-parameters.ts";
import { commonFlags } from "../flags/common.ts";
import { docs } from "../line/docs.ts";
import { requiredFlag, switchFlag, textFlag } from "../flags/flag.ts";

export const contextAddCommand = buildCommand<ContextAddFlags, [string], CliContext>({
  docs: docs(
    "Add a fleet: its control plane's URL and your credential",
    "Adds a fleet to ~/.config/farrier/contexts.json, readable by this user only.",
    [
      "farrier context add lab --url https://farrier.lab:8080 --ca ca.pem --token-file lab-token --use",
      "farrier token create alice --role operator | farrier context add prod --url https://farrier:8080 --token-stdin",
      "farrier context add prod --url https://farrier:8080 --ca ca.pem --cert alice.pem --key alice.key",
    ],
  ),
  parameters: {
    flags: {
      url: requiredFlag("The operator API", "URL"),
      tokenFile: textFlag("A file with the token, read by each command", "FILE"),
      tokenStdin: switchFlag("Read the token from standard input and store it"),
      ca: textFlag("CA of the control plane's certificate, PEM", "FILE"),
      cert: textFlag("A client certificate, PEM", "FILE"),
      key: textFlag("Its private key, PEM", "FILE"),
      use: switchFlag("Use this context from now on"),
      replace: switchFlag("Replace an existing context of this name"),
      debug: commonFlags.debug,
    },
    positional: oneContext,
  },
  loader: async () => (await import("../actions/context-add.ts")).contextAddAction,
});
