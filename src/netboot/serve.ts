import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { Socket } from "node:net";
import { DatabaseError } from "../database/errors.ts";
import type { Clock } from "../lib/clock.ts";
import { connectionShares, type ConnectionPlace } from "../lib/net/connection-shares.ts";
import { describeError } from "../lib/errors.ts";
import { listenWords } from "../lib/net/listen-words.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { netbootAnswer, type AnswerOptions } from "./answer.ts";
import { NetbootError } from "./errors.ts";
import { answerText, type Exchange } from "./exchange.ts";
import { mediaUrlOf, mediumAnnounce } from "./medium-announce.ts";
import { requestBudget } from "./request-budget.ts";
import { route, type Route } from "./route.ts";

/** Network boot over HTTP, listening. Disposing ends running transfers: machines ask again. */
export interface NetbootListener extends AsyncDisposable {
  /** The address with the port that was chosen. */
  address: HostPort;
}

/** What it serves, and where. */
export interface NetbootServeOptions extends Omit<AnswerOptions, "metricsText" | "know" | "fetches"> {
  address: HostPort;
  /** The URL by which controllers fetch boot media; absent means the address that is listened on. */
  mediaUrl?: string | undefined;
  /** Answers requests for cached images, and decides by itself who may have one; absent = there is no cache here. */
  images?: { is: (target: string) => boolean; answer: ImagesAnswer } | undefined;
  metrics: Metrics;
  clock: Clock;
}

/** Resolves to the outcome for the metrics. */
type ImagesAnswer = (request: IncomingMessage, response: ServerResponse) => Promise<string>;

/**
 * Maximum connections, in total and per address, and requests per connection. A booting machine has one or two
 * connections with some ten requests; a site may be behind one address.
 */
const connectionLimits = { most: 1_024, perAddress: 512, requests: 64, busyStay: true };
/** Milliseconds without a byte in either direction. */
const stallLimit = 60_000;

const httpLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
};

/**
 * Serves network boot in clear text to any caller, because firmware supports nothing else; docs/security.md describes
 * the consequences.
 * @throws {NetbootError} `address_unusable`, with the reason
 */
export async function netbootServe(options: NetbootServeOptions): Promise<NetbootListener> {
  const places = new WeakMap<Socket, ConnectionPlace>();
  const handle = requestHandler(options);
  const server = createServer(httpLimits, (request, response) => {
    const ended = places.get(request.socket)?.busy();
    if (ended === undefined) {
      // The connection is closed, perhaps for one request too many; further requests on it may follow.
      return;
    }
    response.once("close", ended);
    handle(request, response);
  });
  const shares = connectionShares(connectionLimits);
  server.on("connection", (socket) => places.set(socket, shares.enter(socket)));
  server.setTimeout(stallLimit);
  const port = await listen(server, options.address);
  const address = { host: options.address.host, port };
  const stop = new AbortController();
  const url = mediaUrlOf(options.mediaUrl, address);
  const announced = url === undefined ? undefined : mediumAnnounce({ ...options, url, signal: stop.signal });
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await announced;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, address: HostPort): Promise<number> {
  server.listen({ host: address.host, port: address.port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new NetbootError(
      "address_unusable",
      `network boot can't be served on ${formatHostPort(address)}: ${listenWords(error)} with --netboot HOST:PORT`,
      { cause: error },
    );
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : address.port;
}

/** The methods of resources that are not fetched with GET. */
const methods: Partial<Record<Route["resource"], readonly string[]>> = { token: ["POST"] };
const fetchMethods = ["GET", "HEAD"] as const;

function requestHandler(options: NetbootServeOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { log, metrics, clock } = options;
  const budget = requestBudget(clock);
  const answering = {
    ...options,
    metricsText: () => metrics.registry.metrics(),
    know: (address: string) => budget.know(address),
    fetches: (address: string) => budget.fetches(address),
  };
  const ended = new WeakSet<Socket>();
  return (request, response) => {
    const address = request.socket.remoteAddress ?? "";
    const exchange = { request, response, address };
    const asked = route(request.url ?? "");
    const count = (outcome: string): void =>
      metrics.netbootRequests.inc({ resource: asked?.resource ?? "none", outcome });
    if (ended.has(request.socket)) {
      return;
    }
    if (options.images?.is(request.url ?? "") === true) {
      // Before the budget: a right ticket is better than any, and a wrong one costs no more than a refusal does.
      answered(exchange, "cached-image", options.images.answer(request, response));
      return;
    }
    if (!budget.allow(address, asked?.resource)) {
      response.setHeader("retry-after", "5");
      // Further requests in the same packet are not answered one by one.
      response.setHeader("connection", "close");
      ended.add(request.socket);
      count(String(answerText(exchange, 429, "too many requests: ask again later\n")));
      return;
    }
    if (asked === undefined) {
      count(String(answerText(exchange, 404, "there is nothing here: /boot.ipxe is where machines begin\n")));
      return;
    }
    const allowed = methods[asked.resource] ?? fetchMethods;
    if (!allowed.includes(request.method ?? "")) {
      response.setHeader("allow", allowed.join(", "));
      count(String(answerText(exchange, 405, `it takes ${allowed.join(" and ")}\n`)));
      return;
    }
    answered(exchange, asked.resource, netbootAnswer(answering, exchange, asked));
  };

  /** Counts an answer once it is given; without one, says that there is none now. */
  function answered(exchange: Exchange, resource: string, answer: Promise<string>): void {
    const { response, address } = exchange;
    const count = (outcome: string): void => metrics.netbootRequests.inc({ resource, outcome });
    answer.then(count, (error: unknown) => {
      if (response.headersSent || response.destroyed) {
        // The machine was switched off meanwhile, or has what it needs.
        log.debug({ address, resource, error: describeError(error) }, "a transfer was aborted");
        response.destroy();
        count("broken-off");
        return;
      }
      const away = error instanceof DatabaseError && error.code === "unavailable";
      log[away ? "warn" : "error"](
        { address, resource, error: describeError(error) },
        "a network boot request could not be answered",
      );
      count(String(answerText(exchange, away ? 503 : 500, "not now: ask again later\n")));
    });
  }
}
