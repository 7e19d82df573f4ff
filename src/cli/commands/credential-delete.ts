import { buildCommand } from "@stricli/core";
import type { CredentialDeleteFlags } from "../actions/credential-delete.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const credentialDeleteCommand = buildCommand<CredentialDeleteFlags, [string], CliContext>({
  docs: docs("Delete a credential that nothing uses", "", ["farrier credential delete rack7"]),
  parameters: {
    flags: { ...clientFlags, requestId: requestIdFlag },
    positional: { kind: "tuple", parameters: [{ brief: "Its name", placeholder: "NAME", parse: String }] },
  },
  loader: async () => (await import("../actions/credential-delete.ts")).credentialDeleteAction,
});
