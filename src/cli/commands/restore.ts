import { buildCommand } from "@stricli/core";
import type { RestoreFlags } from "../actions/restore.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";

export const restoreCommand = buildCommand<RestoreFlags, [string], CliContext>({
  docs: docs(
    "Put a backup into an empty database and data directory",
    "Restores a backup into a database and a data directory. Both must be empty; otherwise nothing is changed.",
    [
      "farrier restore farrier.backup --data-dir fresh",
      "farrier restore farrier.backup --database-url postgresql://farrier@db/fresh --data-dir /var/lib/farrier",
    ],
  ),
  parameters: {
    flags: { ...commonFlags, ...databaseFlag },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "A file that `farrier backup` wrote", placeholder: "FILE", parse: (value: string): string => value },
      ],
    },
  },
  loader: async () => (await import("../actions/restore.ts")).restoreAction,
});
