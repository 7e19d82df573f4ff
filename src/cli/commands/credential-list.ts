import { buildCommand } from "@stricli/core";
import type { CredentialListFlags } from "../actions/credential-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const credentialListCommand = buildCommand<CredentialListFlags, [], CliContext>({
  docs: docs("List credentials, without their secrets", "", ["farrier credential list"]),
  parameters: { flags: { ...clientFlags, ...pageFlags, ...watchFlags } },
  loader: async () => (await import("../actions/credential-list.ts")).credentialListAction,
});
