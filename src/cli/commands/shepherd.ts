import { buildCommand } from "@stricli/core";
import { parseHostPort } from "../../lib/net/host-port.ts";
import type { ShepherdFlags } from "../actions/shepherd.ts";
import type { CliContext } from "../context.ts";
import { commonFlags } from "../flags/common.ts";
import { databaseFlag } from "../flags/database.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, textFlag } from "../flags/flag.ts";
import { listenFlags } from "../flags/listen.ts";
import { netbootFlags } from "../flags/netboot.ts";

export const shepherdCommand = buildCommand<ShepherdFlags, [], CliContext>({
  docs: docs("Start agents and recover machines, on an existing PostgreSQL; run any number of copies", "", [
    "farrier shepherd --database-url postgresql://farrier@db/farrier",
    "farrier shepherd --database-url postgresql://farrier@db/farrier --providers /etc/farrier/providers.yaml",
    "FARRIER_DATABASE_URL=postgresql://farrier@db/farrier farrier shepherd",
  ]),
  parameters: {
    flags: {
      ...commonFlags,
      ...databaseFlag,
      secretsKey: listenFlags.secretsKey,
      providers: textFlag("File of the providers that machines come from, YAML; read again when it changes", "FILE"),
      lab: textFlag("Directory of lab machines to manage: `lab` in a data directory", "DIR"),
      netboot: optionalFlag("Where `farrier netboot` listens, for lab machines", "HOST:PORT", parseHostPort),
      agents: optionalFlag(
        "How agents started by SSH reach the agent API (default: port 8443 of the address by which this host was seen)",
        "HOST:PORT",
        parseHostPort,
      ),
      tlsCa: textFlag("CA of the agent port's certificate, PEM (default: the data directory's own)", "FILE"),
      ...netbootFlags,
    },
  },
  loader: async () => (await import("../actions/shepherd.ts")).shepherdAction,
});
