import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AccessService, Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { farrierServe, type ServingFarrier } from "../../support/farrier-process.ts";

/** A whole control plane for the console: `farrier up` in a folder of its own. */
export interface ConsoleServer extends AsyncDisposable {
  /** The operators' address, such as http://127.0.0.1:8080. */
  readonly url: string;
  /** HOST:PORT of the agents' address. */
  readonly agents: string;
  readonly dataDirectory: string;
  /** Calls as the data directory's admin. */
  readonly transport: Transport;
  /** A token of this role. */
  token(role: ConsoleRole): Promise<string>;
  /** Ends the server, by SIGKILL where no signal is given, and starts it again on the same folder and ports. */
  restart(between?: () => Promise<void>, signal?: NodeJS.Signals): Promise<void>;
}

/** The roles of operators. */
export type ConsoleRole = "viewer" | "operator" | "admin";
const roles = { viewer: Role.VIEWER, operator: Role.OPERATOR, admin: Role.ADMIN } as const;

/** Starts a control plane; resolves once it is ready. */
export async function consoleServer(more: readonly string[] = []): Promise<ConsoleServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "farrier-console-"));
  const start = async (agents: string, operators: string): Promise<ServingFarrier> =>
    await farrierServe(["up", "--data-dir", dataDirectory, "--agents", agents, "--operators", operators, ...more]);
  let farrier = await start("127.0.0.1:0", "127.0.0.1:0");
  const { operators: url, agents } = farrier;
  const own = (await readFile(join(dataDirectory, "operator-token"), "utf8")).trim();
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    interceptors: [
      (next) => async (request) => {
        request.header.set("authorization", `Bearer ${own}`);
        return await next(request);
      },
    ],
  });
  const made = new Map<ConsoleRole, Promise<string>>();
  const tokenMake = async (role: ConsoleRole): Promise<string> => {
    const { secret } = await createClient(AccessService, transport).tokenCreate({
      requestId: randomUUID(),
      name: `console-test-${role}`,
      role: roles[role],
    });
    return secret;
  };
  return {
    url,
    agents,
    dataDirectory,
    transport,
    token: async (role) => {
      const token = made.get(role) ?? tokenMake(role);
      made.set(role, token);
      return await token;
    },
    restart: async (between, signal = "SIGKILL") => {
      await farrier.end(signal);
      await between?.();
      farrier = await start(agents, new URL(url).host);
    },
    [Symbol.asyncDispose]: async () => {
      await farrier.end("SIGTERM");
      await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
