import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { constants } from "node:crypto";
import { createConnectRouter, createContextValues } from "@connectrpc/connect";
import { systemClock, type Clock } from "../../lib/clock.ts";
import { formatHostPort, isLoopback, type HostPort } from "../../lib/net/host-port.ts";
import { requestOrigin } from "../../lib/net/request-headers.ts";
import { originRefusal, ownNames } from "../../lib/net/request-origin.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorError, OperatorApiError } from "../errors.ts";
import { callerKey, limitedMessage, unauthenticatedMessage, type Caller } from "../caller/identity.ts";
import type { ConnectionPlace } from "../../lib/net/connection-shares.ts";
import { handshakesPaced } from "./handshakes-paced.ts";
import { connectionPlaces } from "./connection-places.ts";
import { answerBadRequest } from "./bad-request.ts";
import { answerConsole, isConsolePath } from "../console/console-answer.ts";
import { consoleFiles } from "../console/console-files.ts";
import { callerFind, callerAsSeen } from "./caller-find.ts";
import { operatorCallAnswer } from "./call-answer.ts";
import { callHandler } from "./call-handler.ts";
import { answerError } from "./error-answer.ts";
import { answerProbe, type Probes } from "./probes.ts";
import { sessionStartPath, strangerRefusal } from "./session-start-call.ts";
import { messagesLimited } from "../requests/message-limit.ts";
import { operatorRouterOptions, operatorRoutes } from "../routes.ts";
import { serverClose, serverListen, type AnyServer } from "./server.ts";

/** The listening operator API. Disposing of it lets running calls finish. */
export interface OperatorApiListener extends AsyncDisposable {
  /** The address with the port that was chosen. */
  address: HostPort;
  /** The URL for clients on this host: http://HOST:PORT, or https if there is TLS. */
  url: string;
}

/** The certificates of the operator port. */
export interface OperatorTls {
  /** With its chain. */
  certificatePem: string;
  keyPem: string;
  /** The CA of operators' client certificates; absent means that operators have tokens only. */
  clientCaPem?: string | undefined;
}

/** Options of the listening operator API. */
export interface OperatorApiListenOptions extends OperatorApiDependencies {
  address: HostPort;
  probes: Probes;
  /** Absent means clear text, on loopback only. */
  tls?: OperatorTls | undefined;
  /** Host names of proxies that forward to this port. */
  proxyNames?: readonly string[];
  clock?: Clock;
  /** Milliseconds that a connection may live without a valid credential; default 10 s. */
  unprovenMilliseconds?: number;
  /** Milliseconds without a byte in either direction after which a connection is closed; default 60 s. */
  stallMilliseconds?: number;
  /** Milliseconds that running calls get to finish on disposal; default 10 s. */
  drainMilliseconds?: number;
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/**
 * Serves the operator API, `/healthz`, `/readyz` and `/metrics`: on loopback over HTTP/1.1 in clear text, or with TLS
 * over HTTP/2 and HTTP/1.1, so that gRPC clients can call it too.
 * @throws {OperatorApiError} `not_loopback`; `address_unusable` if the port is taken or the address is not this host's
 */
export async function operatorApiListen(options: OperatorApiListenOptions): Promise<OperatorApiListener> {
  const { address, tls } = options;
  if (tls === undefined && !isLoopback(address.host)) {
    throw new OperatorApiError(
      "not_loopback",
      `operators can't be served on ${formatHostPort(address)}: without TLS the token would cross the network in clear ` +
        "text. Use a loopback address (--operators 127.0.0.1:8080), and a tunnel such as `ssh -L` from elsewhere",
    );
  }
  const stopping = new AbortController();
  const handle = requestHandler({ ...options, stopping: stopping.signal }, (request) => places.of(request.socket));
  const server: AnyServer =
    tls === undefined
      ? createServer(httpLimits, handle)
      : createSecureServer(
          {
            ...httpLimits,
            allowHTTP1: true,
            cert: tls.certificatePem,
            key: tls.keyPem,
            minVersion: "TLSv1.2",
            handshakeTimeout: 10_000,
            // No session resumption: a resumed session would keep a client certificate that has expired since.
            secureOptions: constants.SSL_OP_NO_TICKET,
            ...http2Limits,
            ...(tls.clientCaPem === undefined
              ? {}
              : { ca: tls.clientCaPem, requestCert: true, rejectUnauthorized: false }),
          },
          handle,
        );
  server.on("clientError", answerBadRequest);
  const handshakes =
    tls === undefined
      ? undefined
      : handshakesPaced(server, { firstBytes: 10_000, clock: options.clock ?? systemClock });
  const places = connectionPlaces(server, options.unprovenMilliseconds ?? 10_000);
  // Streams send keepalives more often: a connection without traffic for this time has stopped reading.
  server.setTimeout(options.stallMilliseconds ?? 60_000);
  const port = await serverListen(server, address);
  const host = wildcards.has(address.host) ? "localhost" : address.host;
  return {
    address: { host: address.host, port },
    url: `${tls === undefined ? "http" : "https"}://${formatHostPort({ host, port })}`,
    [Symbol.asyncDispose]: () => {
      stopping.abort();
      handshakes?.[Symbol.dispose]();
      return serverClose(server, options.drainMilliseconds);
    },
  };
}

const wildcards: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);

const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
};

/** Node's defaults, fixed so that a new version does not widen them, and narrower limits. */
const http2Limits = {
  settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16_384 },
  maxHeaderListPairs: 64,
  /** Megabytes for the streams and headers of one connection. */
  maxSessionMemory: 10,
  maxSettings: 16,
  maxOutstandingPings: 4,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  /** Stream resets of one connection, at once and per second: browsers and watches need few. */
  streamResetBurst: 200,
  streamResetRate: 20,
  unknownProtocolTimeout: 10_000,
};

function requestHandler(
  options: OperatorApiListenOptions,
  placeOf: (request: AnyRequest) => ConnectionPlace | undefined,
): (request: AnyRequest, response: AnyResponse) => void {
  const { authenticator, counters, probes, log, clock = systemClock } = options;
  const callers = new WeakMap<object, Caller>();
  const metricsOpen = isLoopback(options.address.host);
  const names = ownNames({
    loopback: metricsOpen ? options.address.host : undefined,
    certificatePem: options.tls?.certificatePem,
    proxyNames: options.proxyNames ?? [],
  });
  const console = consoleFiles();
  const router = createConnectRouter(operatorRouterOptions(options, clock));
  operatorRoutes(options)(router);
  messagesLimited(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  async function answer(request: AnyRequest, response: AnyResponse): Promise<void> {
    const path = pathOf(request);
    // Supervisors and load balancers call these by IP address, and they reveal nothing to other sites' pages.
    if ((path === "/healthz" || path === "/readyz") && answerProbe(probes, log, request, response)) {
      return;
    }
    const origin = requestOrigin(request, options.tls !== undefined);
    const consoleAsked = isConsolePath(path);
    // A link to the console may stand on any page: its files are the same for everybody.
    const fetchSite = consoleAsked ? undefined : origin.fetchSite;
    const foreign = originRefusal({ ...origin, fetchSite }, names, "--operator-name");
    if (foreign !== undefined) {
      const code = foreign.status === 400 ? "invalid_argument" : "permission_denied";
      answerError(request, response, { ...foreign, code });
      return;
    }
    if (consoleAsked) {
      await answerConsole(console, request, response);
      return;
    }
    if (path === "/metrics" && metricsOpen && answerProbe(probes, log, request, response)) {
      return;
    }
    if (path === sessionStartPath && request.headers.authorization === undefined) {
      const refusal = strangerRefusal(request.headers);
      if (refusal === undefined) {
        callers.set(request, callerAsSeen(request, origin, undefined));
        answerCall(path, request, response);
      } else {
        answerError(request, response, refusal);
      }
      return;
    }
    // Before the body is read or the path is looked at, so strangers cost little and learn nothing.
    const found = await callerFind(request, origin, authenticator);
    if ("operator" in found) {
      callers.set(request, callerAsSeen(request, origin, found.operator));
      placeOf(request)?.proven();
      answerOperator(path, request, response);
      return;
    }
    if ("foreign" in found) {
      answerError(request, response, { status: 403, code: "permission_denied", message: found.foreign });
      return;
    }
    counters.unauthenticated(found.refused);
    answerError(request, response, refused[found.refused]);
  }

  function answerOperator(path: string, request: AnyRequest, response: AnyResponse): void {
    // Over the network, metrics need a role; any role will do.
    if (path === "/metrics" && answerProbe(probes, log, request, response)) {
      return;
    }
    answerCall(path, request, response);
  }

  function answerCall(path: string, request: AnyRequest, response: AnyResponse): void {
    const contentType = request.headers["content-type"] ?? "";
    const found = callHandler(handlers, { method: request.method ?? "", path, contentType });
    if ("refused" in found) {
      answerError(request, response, found.refused);
      return;
    }
    const caller = callers.get(request);
    const values = createContextValues();
    void operatorCallAnswer(found.handler, request, response, {
      values: caller === undefined ? values : values.set(callerKey, caller),
      log,
    });
  }

  return (request, response) => {
    const ended = placeOf(request)?.busy();
    if (ended === undefined) {
      // The connection is closed, perhaps for one request too many; further requests on it may follow.
      return;
    }
    response.once("close", ended);
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        return;
      }
      const { answer: told, internal } = operatorError(error, "");
      answerError(
        request,
        response,
        internal
          ? { status: 400, code: "invalid_argument", message: "the request is not valid HTTP" }
          : { status: 503, code: "unavailable", message: told.rawMessage },
      );
    });
  };
}

/** The answers to a caller without a valid credential. */
const refused = {
  unauthenticated: {
    status: 401,
    code: "unauthenticated",
    message: unauthenticatedMessage,
    headers: { "www-authenticate": "Bearer" },
  },
  limited: { status: 429, code: "resource_exhausted", message: limitedMessage, headers: { "retry-after": "1" } },
} as const;

function pathOf(request: AnyRequest): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}
