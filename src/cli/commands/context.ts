import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { contextsRead } from "../call/contexts.ts";
import { commonFlags, docs, requiredFlag, switchFlag, textFlag } from "../line/flags.ts";

/** Flags of `farrier context add`. */
export interface ContextAddFlags {
  url: string;
  tokenFile: string | undefined;
  tokenStdin: boolean | undefined;
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  use: boolean | undefined;
  replace: boolean | undefined;
  debug: boolean | undefined;
}

/** Flags of the commands that show contexts. */
export interface ContextFlags {
  json: boolean | undefined;
  debug: boolean | undefined;
}

const { debug } = commonFlags;
const shown = { json: switchFlag("Print JSON, without secrets"), debug } as const;
const named = {
  brief: "The context's name",
  placeholder: "NAME",
  parse: (value: string): string => value,
  async proposeCompletions(this: CliContext): Promise<readonly string[]> {
    // Completion prints no errors.
    return Object.keys((await contextsRead(this.process.env).catch(() => ({ contexts: {} }))).contexts);
  },
} as const;
const one = { kind: "tuple", parameters: [named] } as const;

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
      debug,
    },
    positional: one,
  },
  loader: async () => (await import("../actions/context.ts")).contextAddAction,
});

export const contextListCommand = buildCommand<ContextFlags, [], CliContext>({
  docs: docs("List the contexts stored on this host", "", ["farrier context list"]),
  parameters: { flags: shown },
  loader: async () => (await import("../actions/context.ts")).contextListAction,
});

export const contextShowCommand = buildCommand<ContextFlags, [string?], CliContext>({
  docs: docs("Show a fleet's context (default: the one in use), without secrets", "", ["farrier context show lab"]),
  parameters: { flags: shown, positional: { kind: "tuple", parameters: [{ ...named, optional: true }] } },
  loader: async () => (await import("../actions/context.ts")).contextShowAction,
});

export const contextUseCommand = buildCommand<{ debug: boolean | undefined }, [string], CliContext>({
  docs: docs("Choose the context that commands use by default", "", ["farrier context use lab"]),
  parameters: { flags: { debug }, positional: one },
  loader: async () => (await import("../actions/context.ts")).contextUseAction,
});

export const contextRemoveCommand = buildCommand<{ debug: boolean | undefined }, [string], CliContext>({
  docs: docs("Remove a context", "", ["farrier context remove lab"]),
  parameters: { flags: { debug }, positional: one },
  loader: async () => (await import("../actions/context.ts")).contextRemoveAction,
});
