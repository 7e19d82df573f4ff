import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { connectionShares, type ConnectionPlace } from "../lib/net/connection-shares.ts";
import { formatHostPort, type HostPort } from "../lib/net/host-port.ts";
import { listenWords } from "../lib/net/listen-words.ts";
import { answerText } from "../netboot/exchange.ts";
import type { ImageCache } from "./cache-open.ts";
import { CacheError } from "./errors.ts";

/** A listener for cached images. Disposing ends running transfers: machines ask again. */
export interface CacheListener extends AsyncDisposable {
  /** The address with the port that was chosen. */
  address: HostPort;
}

/** Connections in total and per address: a machine has one, and a site may be behind one address. */
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
 * Serves cached images, and nothing else, on a port of its own, where no network boot is served.
 * @throws {CacheError} `unusable` if the address can't be listened on
 */
export async function cacheServe(options: {
  address: HostPort;
  images: ImageCache["images"];
  log: Logger;
}): Promise<CacheListener> {
  const { address, images, log } = options;
  const places = new WeakMap<Socket, ConnectionPlace>();
  const shares = connectionShares(connectionLimits);
  const server = createServer(httpLimits, (request, response) => {
    const ended = places.get(request.socket)?.busy();
    if (ended === undefined) {
      return;
    }
    response.once("close", ended);
    if (!images.is(request.url ?? "")) {
      answerText({ request, response, address: "" }, 404, "there is nothing here but images\n");
      return;
    }
    images.answer(request, response).catch((error: unknown) => {
      log.error({ error: describeError(error) }, "a request for a cached image could not be answered");
      if (response.headersSent) {
        response.destroy();
      } else {
        answerText({ request, response, address: "" }, 500, "not now: ask again later\n");
      }
    });
  });
  server.on("connection", (socket) => places.set(socket, shares.enter(socket)));
  server.setTimeout(stallLimit);
  server.listen({ host: address.host, port: address.port, reusePort: address.shared === true });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new CacheError(
      "unusable",
      `cached images can't be served on ${formatHostPort(address)}: ${listenWords(error)} with --cache-listen HOST:PORT`,
      { cause: error },
    );
  }
  const bound = server.address();
  return {
    address: { host: address.host, port: typeof bound === "object" && bound !== null ? bound.port : address.port },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
