import { buildCommand } from "@stricli/core";
import type { CredentialRotateFlags } from "../actions/credential-rotate.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { secretFileFlag } from "../line/secret-file-flag.ts";

export const credentialRotateCommand = buildCommand<CredentialRotateFlags, [string], CliContext>({
  docs: docs(
    "Replace the stored secret",
    "Replaces the secret that is stored. It does not change the password on the controllers or machines that it opens.",
    ["farrier credential rotate rack7 --secret-file new.password"],
  ),
  parameters: {
    flags: { ...clientFlags, secretFile: secretFileFlag, requestId: requestIdFlag },
    positional: { kind: "tuple", parameters: [{ brief: "Its name", placeholder: "NAME", parse: String }] },
  },
  loader: async () => (await import("../actions/credential-rotate.ts")).credentialRotateAction,
});
