import { buildCommand } from "@stricli/core";
import type { SecretsGiveUpFlags } from "../actions/secrets-give-up.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const secretsGiveUpCommand = buildCommand<SecretsGiveUpFlags, string[], CliContext>({
  docs: docs(
    "Give up keys that no host has any more",
    "Lists what nobody can open without the keys that no running process has, or without the named ones. With --yes they are\n" +
      "given up: the control plane is ready again and takes another key, pending installations among them are cancelled, and\n" +
      "the credentials wait for a secret to be stored anew. Look for the key in other hosts' key files and in backups first.",
    ["farrier secrets give-up", "farrier secrets give-up 0123456789abcdef --yes"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      yes: switchFlag("Give them up; without it they are only listed"),
      requestId: requestIdFlag,
    },
    positional: {
      kind: "array",
      parameter: { brief: "Id of a key (default: every key that no process has)", placeholder: "KEY", parse: String },
    },
  },
  loader: async () => (await import("../actions/secrets-give-up.ts")).secretsGiveUpAction,
});
