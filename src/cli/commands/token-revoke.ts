import { buildCommand } from "@stricli/core";
import type { TokenRevokeFlags } from "../actions/token-revoke.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const tokenRevokeCommand = buildCommand<TokenRevokeFlags, [string], CliContext>({
  docs: docs("Revoke a token; all servers refuse it within seconds", "", ["farrier token revoke alice"]),
  parameters: {
    flags: { ...clientFlags, requestId: requestIdFlag },
    positional: { kind: "tuple", parameters: [{ brief: "Its name or id", placeholder: "TOKEN", parse: String }] },
  },
  loader: async () => (await import("../actions/token-revoke.ts")).tokenRevokeAction,
});
