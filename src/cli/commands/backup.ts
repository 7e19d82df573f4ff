import { buildCommand } from "@stricli/core";
import type { BackupFlags } from "../actions/backup.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { switchFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";

export const backupCommand = buildCommand<BackupFlags, [string], CliContext>({
  docs: docs(
    "Write the whole control plane into one file, while it runs",
    "Writes the database, and the tokens, certificates and keys of the data directory, into one file, as of one " +
      "moment. Nothing is blocked meanwhile. `farrier restore` reads it.\n" +
      "What is sealed stays sealed in it: without the secrets key, kept elsewhere or in the file by --with-secrets-key, " +
      "credentials and requests of a restored control plane can't be opened.",
    [
      "farrier backup farrier.backup",
      "farrier backup /backup/farrier-$(date +%F) --database-url postgresql://farrier@db/farrier --data-dir /var/lib/farrier",
    ],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      ...databaseFlag,
      withSecretsKey: switchFlag("Include the key file that secrets are sealed by; keep the backup as secret as them"),
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "File to write; it will hold tokens and private keys",
          placeholder: "FILE",
          parse: (value: string): string => value,
        },
      ],
    },
  },
  loader: async () => (await import("../actions/backup.ts")).backupAction,
});
