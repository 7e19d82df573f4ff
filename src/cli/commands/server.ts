import { buildCommand } from "@stricli/core";
import { parseHostPort } from "../../lib/net/host-port.ts";
import type { ServerFlags } from "../actions/server.ts";
import type { CliContext } from "../context.ts";
import { cacheFlags, cacheFolderFlag } from "../flags/cache.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { listenFlags } from "../flags/listen.ts";
import { parsePositive } from "../line/positive.ts";

export const serverCommand = buildCommand<ServerFlags, [], CliContext>({
  docs: docs("Serve agents and operators, on an existing PostgreSQL; run any number of copies", "", [
    "farrier server --database-url postgresql://farrier@db/farrier --agents 0.0.0.0:8443 --server-name farrier.lab",
    "farrier server --database-url postgresql://farrier@db/farrier --migrate --workers 4",
    "farrier server --database-url postgresql://farrier@db/farrier --operators 0.0.0.0:8080 --operator-ca operators.pem",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      ...listenFlags,
      ...databaseFlag,
      cacheListen: optionalFlag(
        "Keep a cache of images, and serve it to machines on this address",
        "HOST:PORT",
        parseHostPort,
      ),
      cache: cacheFolderFlag,
      ...cacheFlags,
      migrate: switchFlag("Migrate the database first"),
      workers: optionalFlag("Number of processes that share the ports (default: 1)", "N", parsePositive),
      tlsCert: textFlag("Certificate of the agent port, PEM (default: made and kept in the data directory)", "FILE"),
      tlsKey: textFlag("Its private key, PEM", "FILE"),
      tlsCa: textFlag("CA of that certificate, PEM", "FILE"),
    },
  },
  loader: async () => (await import("../actions/server.ts")).serverAction,
});
