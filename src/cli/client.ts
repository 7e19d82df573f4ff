import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AgentKeyService } from "../../gen/farrier/operator/v1/agent_pb.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { errorCode } from "../lib/errors.ts";
import { isLoopback } from "../lib/host-port.ts";
import { clientError } from "./client-error.ts";
import { CliError } from "./errors.ts";
import { dataDirectory, type ClientFlags } from "./flags.ts";

/** The operator API, as commands call it. Every call throws `CliError` and nothing else. */
export interface OperatorClient {
  machines: Client<typeof MachineService>;
  installations: Client<typeof InstallationService>;
  agents: Client<typeof AgentKeyService>;
}

/** Milliseconds after which a call is given up. */
const callTimeout = 30_000;

/**
 * Finds the control plane: by `--operators`, by FARRIER_OPERATORS, or by what it wrote into the data directory, where
 * the token is too.
 * @throws {CliError} `unreachable` where no control plane is known, `unauthorised` where there is no token
 */
export async function operatorAccess(
  flags: Pick<ClientFlags, "dataDir" | "operators">,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ url: string; token: string }> {
  const directory = dataDirectory(flags, env);
  const named = flags.operators ?? (env["FARRIER_OPERATORS"] || undefined);
  const url = operatorUrl(named ?? (await addressRead(directory)));
  return { url, token: await tokenRead(directory) };
}

/** A client of the control plane that operatorAccess finds. @throws {CliError} as it does */
export async function operatorClient(
  flags: Pick<ClientFlags, "dataDir" | "operators">,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OperatorClient> {
  const { url, token } = await operatorAccess(flags, env);
  const connect = createConnectTransport({
    httpVersion: "1.1",
    baseUrl: url,
    useBinaryFormat: true,
    defaultTimeoutMs: callTimeout,
    interceptors: [withToken(token)],
    nodeOptions: await trusted(dataDirectory(flags, env), url),
  });
  const transport = withErrors(connect, url);
  return {
    machines: createClient(MachineService, transport),
    installations: createClient(InstallationService, transport),
    agents: createClient(AgentKeyService, transport),
  };
}

/** Reads the operator API's URL; "HOST:PORT" is http. @throws {CliError} `usage` */
export function operatorUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//iu.test(text) ? text : `http://${text}`);
  if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw new CliError("usage", `"${text}" is not the operator API's URL: expected one such as http://127.0.0.1:8080`);
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname.replaceAll(/[[\]]/gu, ""))) {
    throw new CliError(
      "usage",
      `${url.origin} would get the token in clear text over the network: use https, or a tunnel such as \`ssh -L\``,
    );
  }
  return url.href.replace(/\/$/u, "");
}

/** The control plane's own CA beside those that the system trusts: a certificate that it made itself is of that one. */
async function trusted(directory: string, url: string): Promise<{ ca?: string[] }> {
  const own = url.startsWith("https:") ? await fileRead(join(directory, "tls", "ca.pem")) : undefined;
  return own === undefined ? {} : { ca: [...getCACertificates("default"), own] };
}

function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** Wraps the transport, not each call: what an interceptor throws, Connect would wrap in an error of its own. */
function withErrors(transport: Transport, url: string): Transport {
  return {
    unary: (...call) =>
      transport.unary(...call).catch((error: unknown) => {
        throw clientError(error, url);
      }),
    stream: (...call) =>
      transport.stream(...call).catch((error: unknown) => {
        throw clientError(error, url);
      }),
  };
}

async function addressRead(directory: string): Promise<string> {
  const text = await fileRead(join(directory, "operator-address"));
  if (text === undefined) {
    throw new CliError(
      "unreachable",
      `no control plane is known in ${directory}: start one with \`farrier up\`, or say where it is with --data-dir DIR or --operators URL`,
    );
  }
  return text;
}

async function tokenRead(directory: string): Promise<string> {
  const path = join(directory, "operator-token");
  const token = await fileRead(path);
  if (token === undefined) {
    throw new CliError(
      "unauthorised",
      `there is no token at ${path}: name the control plane's data directory with --data-dir DIR or FARRIER_DATA_DIR`,
    );
  }
  if (!/^[\x21-\x7e]+$/u.test(token)) {
    throw new CliError("unauthorised", `${path} holds no token: copy it again from the control plane's data directory`);
  }
  return token;
}

async function fileRead(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return undefined;
    }
    if (code === "EACCES") {
      const message = `${path} may not be read by this user: run as the user who runs the control plane`;
      throw new CliError("unauthorised", message, { cause: error });
    }
    throw error;
  }
}
