import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { embeddedStart } from "../../src/database/embedded/embedded.ts";
import { databaseName } from "../../src/database/embedded/embedded-initialise.ts";
import { port } from "../../src/database/embedded/embedded-settings.ts";
import { migrate } from "../../src/database/migrate.ts";
import { connect } from "../../src/database/connect.ts";
import { parseHostPort, type HostPort } from "../../src/lib/net/host-port.ts";
import { tlsFilesEnsure } from "../../src/lib/tls/credentials.ts";
import type { Logger } from "../../src/lib/log.ts";
import { farrierServe, type ServingFarrier } from "../support/farrier-process.ts";
import { freePort } from "../support/free-port.ts";
import { memoryEnvironment } from "./memory.ts";

/** What a fleet is run against. */
export interface FleetServers extends AsyncDisposable {
  database: DatabaseAddress;
  agents: HostPort[];
  operators: string[];
  /** PEM of the CA of the operator port where it speaks TLS, else empty. */
  operatorsCa: string;
  /** Network boot's URL where it is served. */
  netboot?: string;
  token: string;
  /** The process whose memory must stay level: it is never killed. */
  steady: ServingFarrier;
  /** Where it answers when its memory is looked at. */
  memory: string;
  /** Kills one with -9 and starts it again, where there are two. */
  killOne?: (() => Promise<void>) | undefined;
  /** Sessions that must be there at the end, by component, and no others. */
  sessions: Record<string, number>;
}

/** `farrier up`, on its embedded PostgreSQL; with TLS for operators and with network boot where it is to be as on a network. */
export async function oneProcess(
  directory: string,
  { network = false }: { network?: boolean } = {},
): Promise<FleetServers> {
  const dataDir = join(directory, "data");
  const memory = join(directory, "memory");
  const tls = await tlsFilesEnsure({ directory: join(directory, "tls"), serverNames: [] });
  const certificate = ["--operator-tls-cert", join(directory, "tls", "server.pem")];
  const key = ["--operator-tls-key", join(directory, "tls", "server-key.pem")];
  const up = await farrierServe(
    [
      ...["up", "--data-dir", dataDir, "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0"],
      ...(network ? [...certificate, ...key, "--netboot", "127.0.0.1:0"] : ["--netboot", "off"]),
    ],
    { env: memoryEnvironment(memory) },
  );
  return {
    // Its socket is in its data directory.
    database: { host: join(dataDir, "postgres", "data"), port, user: databaseName, database: databaseName },
    agents: [parseHostPort(up.agents)],
    operators: [up.operators],
    operatorsCa: network ? tls.caCertificatePem : "",
    netboot: /^network boot on (\S+)$/mu.exec(up.stdout)?.[1] ?? "",
    token: await tokenRead(dataDir),
    steady: up,
    memory,
    sessions: { server: 1, shepherd: 1 },
    [Symbol.asyncDispose]: async () => void (await up.end("SIGTERM")),
  };
}

/** Two `farrier server` on one PostgreSQL, ports of their own, one data directory. */
export async function twoServers(directory: string, log: Logger): Promise<FleetServers> {
  await using stack = new AsyncDisposableStack();
  const { connection } = stack.use(await embeddedStart({ directory: join(directory, "postgres"), log }));
  {
    await using database = connect(connection, { log });
    await migrate(database.pool);
  }
  const dataDir = join(directory, "data");
  const url = `postgresql://${connection.user}@/${connection.database}?host=${encodeURIComponent(connection.host)}&port=${connection.port}`;
  const memory = join(directory, "memory");
  const start = async (env = {}): Promise<{ serving: ServingFarrier; again: () => Promise<ServingFarrier> }> => {
    const where = ["--agents", `127.0.0.1:${await freePort()}`, "--operators", `127.0.0.1:${await freePort()}`];
    const serve = (): Promise<ServingFarrier> =>
      farrierServe(["server", "--data-dir", dataDir, "--database-url", url, ...where], { env });
    return { serving: await serve(), again: serve };
  };
  // One after the other: the first makes the token and the certificates.
  const steady = await start(memoryEnvironment(memory));
  stack.defer(async () => void (await steady.serving.end("SIGTERM")));
  const other = await start();
  stack.defer(async () => void (await other.serving.end("SIGTERM")));
  const release = stack.move();
  return {
    database: connection,
    agents: [steady, other].map(({ serving }) => parseHostPort(serving.agents)),
    operators: [steady, other].map(({ serving }) => serving.operators),
    operatorsCa: "",
    token: await tokenRead(dataDir),
    steady: steady.serving,
    memory,
    killOne: async () => {
      await other.serving.end("SIGKILL");
      other.serving = await other.again();
    },
    sessions: { server: 2 },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

async function tokenRead(dataDir: string): Promise<string> {
  return (await readFile(join(dataDir, "operator-token"), "utf8")).trim();
}
