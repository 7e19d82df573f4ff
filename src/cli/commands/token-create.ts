import { buildCommand } from "@stricli/core";
import type { TokenCreateFlags } from "../actions/token-create.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { optionalFlag } from "../flags/flag.ts";
import { requestIdFlag } from "../line/request-id.ts";
import type { RoleWord } from "../../contract/words/role.ts";

/** Listed here, because the API's own enumeration would load all of its descriptors with every command line. */
const roles = Object.keys({
  viewer: true,
  operator: true,
  admin: true,
} satisfies Record<RoleWord, true>) as RoleWord[];

export const tokenCreateCommand = buildCommand<TokenCreateFlags, [string], CliContext>({
  docs: docs(
    "Make a token; its secret is printed only once",
    "The secret goes to standard output, everything else to standard error.",
    ["farrier token create alice --role operator --expires 90d", "farrier token create ci --role viewer > ci-token"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      role: { kind: "enum", values: roles, brief: "Role of the token" },
      expires: optionalFlag("Lifetime, such as 90d (default: no end)", "DURATION", parseSeconds),
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the token's owner", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/token-create.ts")).tokenCreateAction,
});
