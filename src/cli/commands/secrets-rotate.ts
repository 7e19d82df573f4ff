import { buildCommand } from "@stricli/core";
import type { SecretsRotateFlags } from "../actions/secrets-rotate.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const secretsRotateCommand = buildCommand<SecretsRotateFlags, [], CliContext>({
  docs: docs(
    "Change the key that seals secrets, while everything runs",
    "Adds a key to the key file of the server that answers, or takes a key that was put there. If other hosts have a key\n" +
      "file of their own, add the new line to it: the key is used once every server and shepherd has it. Then everything is\n" +
      "sealed anew.",
    ["farrier secrets rotate"],
  ),
  parameters: { flags: { ...clientFlags, requestId: requestIdFlag } },
  loader: async () => (await import("../actions/secrets-rotate.ts")).secretsRotateAction,
});
