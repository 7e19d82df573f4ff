import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { errorCode } from "../lib/errors.ts";
import { formatHostPort, isLoopback, type HostPort } from "../lib/host-port.ts";
import type { OperatorApiDependencies } from "./dependencies.ts";
import { OperatorApiError } from "./errors.ts";
import { answerJson, answerProbe, type Probes } from "./probes.ts";
import { identify, unauthenticatedMessage } from "./identity.ts";
import { operatorRouterOptions, operatorRoutes } from "./routes.ts";

/** The operator API, listening. Disposing of it lets calls under way finish. */
export interface OperatorApiListener extends AsyncDisposable {
  /** Where it listens, with the port that was chosen. */
  address: HostPort;
  /** What clients call: http://HOST:PORT. */
  url: string;
}

/** Milliseconds that calls under way get to finish when the listener is disposed of. */
const drainMilliseconds = 10_000;

/**
 * Serves the operator API, `/healthz`, `/readyz` and `/metrics` over HTTP/1.1 in clear text, to this host alone.
 * @throws {OperatorApiError} `not_loopback`; `address_unusable` when the port is taken or not this host's
 */
export async function operatorApiListen(
  options: OperatorApiDependencies & { address: HostPort; probes: Probes },
): Promise<OperatorApiListener> {
  const { address } = options;
  if (!isLoopback(address.host)) {
    throw new OperatorApiError(
      "not_loopback",
      `operators can't be served on ${formatHostPort(address)}: without TLS the token would cross the network in clear ` +
        "text. Use a loopback address (--operators 127.0.0.1:8080), and a tunnel such as `ssh -L` from elsewhere",
    );
  }
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 15_000,
      connectionsCheckingInterval: 5_000,
    },
    requestHandler(options),
  );
  server.maxConnections = 512;
  await listen(server, address);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  const listening = { host: address.host, port };
  return {
    address: listening,
    url: `http://${formatHostPort(listening)}`,
    [Symbol.asyncDispose]: () => close(server),
  };
}

function requestHandler(
  options: OperatorApiDependencies & { probes: Probes },
): (request: IncomingMessage, response: ServerResponse) => void {
  const { token, counters, probes, log } = options;
  const calls = connectNodeAdapter({
    ...operatorRouterOptions(options),
    routes: operatorRoutes(options),
    fallback: (request, response) => {
      // The adapter could serve HTTP/2 as well; this server speaks HTTP/1.1 alone.
      const path = pathOf(request as IncomingMessage);
      answerJson(response as ServerResponse, 404, "not_found", `there is nothing at ${request.method} ${path}`);
    },
    requestPathPrefix: "",
  });
  return (request, response) => {
    try {
      if (answerProbe(probes, log, request, response)) {
        return;
      }
      // Before the body is read or the path looked at: a stranger costs little and learns nothing.
      if (identify(request.headers.authorization, token) === undefined) {
        counters.unauthenticated();
        answerJson(response, 401, "unauthenticated", unauthenticatedMessage, {
          "www-authenticate": "Bearer",
        });
        return;
      }
      calls(request, response);
    } catch {
      // A Host header that is missing or no host's name: the router throws on it, where it would end the process.
      answerJson(response, 400, "invalid_argument", "the request's Host header is missing or not valid");
    }
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

async function listen(server: Server, address: HostPort): Promise<void> {
  server.listen({ host: address.host, port: address.port });
  try {
    await once(server, "listening");
  } catch (error) {
    const code = errorCode(error) ?? "";
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: "another program listens there (another farrier?): stop it, or choose another address",
      EACCES: "this user may not listen there: choose a port above 1023",
      EADDRNOTAVAIL: "the address is not this host's: choose another",
    };
    const reason = reasons[code] ?? "choose another address";
    throw new OperatorApiError(
      "address_unusable",
      `operators can't be served on ${formatHostPort(address)}: ${reason} with --operators HOST:PORT`,
      { cause: error },
    );
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // A connection whose last call ends meanwhile would be kept for the next one.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const timer = setTimeout(() => server.closeAllConnections(), drainMilliseconds);
  await closed;
  clearTimeout(timer);
  clearInterval(idle);
}
