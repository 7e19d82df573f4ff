import { buildCommand } from "@stricli/core";
import type { UpFlags } from "../actions/up.ts";
import type { CliContext } from "../context.ts";
import { cacheFlags, cacheFolderFlag } from "../flags/cache.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, textFlag } from "../flags/flag.ts";
import { listenFlags } from "../flags/listen.ts";
import { netbootDefault, parseNetboot } from "../line/netboot-address.ts";
import { netbootFlags } from "../flags/netboot.ts";

export const upCommand = buildCommand<UpFlags, [], CliContext>({
  docs: docs(
    "Run everything in one process, on an embedded PostgreSQL",
    "Runs everything in one process, on an embedded PostgreSQL in the data directory, which is created if it is missing.",
    [
      "farrier up",
      "farrier up --data-dir /var/lib/farrier --agents 0.0.0.0:8443 --server-name farrier.lab",
      "farrier up --database-url postgresql://farrier@db/farrier",
      "farrier up --agents 0.0.0.0:8443 --netboot 0.0.0.0:8081",
      "farrier up --providers /etc/farrier/providers.yaml",
    ],
  ),
  parameters: {
    flags: {
      ...commonFlags,
      ...listenFlags,
      ...databaseFlag,
      databaseUser: textFlag(
        "System user of the embedded PostgreSQL if root starts it (default: farrier-db, created if missing)",
        "NAME",
      ),
      providers: textFlag("File of the providers that machines come from, YAML; read again when it changes", "FILE"),
      netboot: optionalFlag(
        `Address of network boot, or "off" (or FARRIER_NETBOOT; default: ${netbootDefault})`,
        "HOST:PORT",
        parseNetboot,
      ),
      ...netbootFlags,
      cache: cacheFolderFlag,
      ...cacheFlags,
    },
  },
  loader: async () => (await import("../actions/up.ts")).upAction,
});
