import { buildCommand } from "@stricli/core";
import type { CredentialCreateFlags } from "../actions/credential-create.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { requiredFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { secretFileFlag } from "../line/secret-file-flag.ts";
import type { CredentialKindWord } from "../../contract/words/credential-kind.ts";

/** Listed here, because the API's own enumeration would load all of its descriptors with every command line. */
const kinds = Object.keys({
  bmc: true,
  "ssh-password": true,
  "ssh-key": true,
} satisfies Record<CredentialKindWord, true>) as CredentialKindWord[];

export const credentialCreateCommand = buildCommand<CredentialCreateFlags, [string], CliContext>({
  docs: docs(
    "Store a credential, sealed",
    "Stores a password or a private key, sealed. It is sent only to the places of --for, and never shown again.\n" +
      "The secret comes from a file or standard input, never from the command line, which others can read.",
    [
      "farrier credential create rack7 --kind bmc --user root --secret-file rack7.password --for 10.1.7.0/24",
      "pass show rack7 | farrier credential create rack7 --kind bmc --user root --secret-file - --for bmc7.example.net",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      kind: {
        kind: "enum",
        values: kinds,
        brief: "What the credential opens",
      },
      user: requiredFlag("User that logs in", "NAME"),
      secretFile: secretFileFlag,
      for: {
        kind: "parsed",
        variadic: true,
        brief: "Network, address or host name that the secret may be sent to; repeatable",
        placeholder: "CIDR|NAME",
        parse: String,
      },
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the credential", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/credential-create.ts")).credentialCreateAction,
});
