import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { mirrorAsked, noMachine } from "../contract/catalogue/mirror-ticket.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { byteRange } from "../netboot/byte-range.ts";
import { addressNetwork } from "../lib/net/address-limit.ts";
import { answerText } from "../netboot/exchange.ts";
import { paced } from "../lib/host/send-pace.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { ImageStore, OpenedFile } from "./store.ts";
import { ticketCheck } from "./ticket-check.ts";
import { transferPlaces } from "./transfer-places.ts";

/** What answers are made from. */
export interface CacheAnswerOptions {
  store: Pick<ImageStore, "open">;
  /** Whether all files of the store were looked at since the start. */
  scanned: () => boolean;
  ring: Pick<KeyRing, "mirrorMacs">;
  /** Whether anybody may have this image. */
  isPublic: (hex: string) => boolean;
  /** Seconds since 1970. */
  now: () => number;
  /** Called when a machine fetches an image. */
  used: (hex: string) => void;
  /** Called with the outcome of each request, and the bytes that were sent. */
  count: (outcome: string, bytes: number) => void;
  log: Logger;
}

/** Answers a request to a cache; resolves to the outcome. */
export type CacheAnswer = (request: IncomingMessage, response: ServerResponse) => Promise<string>;

/** One text for all that have no right ticket: nobody learns which images exist. */
const refusal = "there is no such image for you here\n";

/**
 * Makes the function that answers requests for images: by digest, whole or in ranges. Before a caller has shown a ticket,
 * no file is touched and nothing is logged. The URL is logged nowhere.
 */
export function cacheAnswers(options: CacheAnswerOptions): CacheAnswer {
  const { store, scanned, ring, isPublic, now, used, count, log } = options;
  const places = transferPlaces();
  return async (request, response) => {
    const address = request.socket.remoteAddress ?? "";
    const exchange = { request, response, address };
    const done = (outcome: string, bytes = 0): string => {
      count(outcome, bytes);
      return outcome;
    };
    const asked = mirrorAsked(request.url ?? "");
    const verdict =
      asked === undefined ? ({ kind: "refused" } as const) : ticketCheck(asked, { ring, isPublic, now: now() });
    if (asked === undefined || verdict.kind === "refused") {
      return done(String(answerText(exchange, 403, refusal)));
    }
    if (verdict.kind === "unknown") {
      return later(exchange, done, "it is not known yet whether the ticket has ended: ask again later\n");
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return done(String(answerText(exchange, 405, "it takes GET and HEAD\n")));
    }
    using place = places.take(
      verdict.machineId ?? addressNetwork(address),
      verdict.machineId === undefined ? "address" : "machine",
    );
    if (place === undefined) {
      return later(exchange, done, "too many transfers are running: ask again later\n");
    }
    const { hex } = asked;
    await using file = await store.open(hex);
    if (file === undefined && !scanned()) {
      return later(exchange, done, "the files of this cache are being read: ask again later\n");
    }
    if (file === undefined) {
      return done(String(answerText(exchange, 404, "the image is not here any more: fetch it from its origin\n")));
    }
    if (verdict.machineId !== noMachine) {
      used(hex);
    }
    const { outcome, bytes } = await answerBytes(exchange, hex, file).catch((error: unknown) => {
      // The machine was switched off meanwhile, or has what it needs.
      log.debug({ digest: hex, machine: verdict.machineId, error: describeError(error) }, "a transfer was aborted");
      response.destroy();
      return { outcome: "broken-off", bytes: 0 };
    });
    return done(outcome, bytes);
  };
}

function later(
  exchange: { request: IncomingMessage; response: ServerResponse; address: string },
  done: (outcome: string) => string,
  text: string,
): string {
  exchange.response.setHeader("retry-after", "5");
  return done(String(answerText(exchange, 503, text)));
}

async function answerBytes(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  hex: string,
  file: OpenedFile,
): Promise<{ outcome: string; bytes: number }> {
  const etag = `"${hex}"`;
  const headers = {
    etag,
    "accept-ranges": "bytes",
    // What has a digest never changes; who may have it does.
    "cache-control": "private, no-store",
    "content-type": "application/octet-stream",
  };
  const seen = request.headers["if-none-match"];
  if (seen !== undefined && (seen === "*" || seen.split(",").some((one) => one.trim() === etag))) {
    response.writeHead(304, headers).end();
    return { outcome: "304", bytes: 0 };
  }
  const condition = request.headers["if-range"];
  const inParts = request.method === "GET" && (condition === undefined || condition === etag);
  const range = inParts ? byteRange(request.headers.range, file.bytes) : ("whole" as const);
  if (range === "unsatisfiable") {
    response.writeHead(416, { ...headers, "content-range": `bytes */${file.bytes}` }).end();
    return { outcome: "416", bytes: 0 };
  }
  const { first, last } = range === "whole" ? { first: 0, last: file.bytes - 1 } : range;
  response.writeHead(range === "whole" ? 200 : 206, {
    ...headers,
    "content-length": last - first + 1,
    ...(range === "whole" ? {} : { "content-range": `bytes ${first}-${last}/${file.bytes}` }),
  });
  const outcome = range === "whole" ? "200" : "206";
  if (request.method === "HEAD" || last < first) {
    response.end();
    return { outcome, bytes: 0 };
  }
  await pipeline(file.read(first, last), paced, response);
  return { outcome, bytes: last - first + 1 };
}
