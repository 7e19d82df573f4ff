import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { Readable } from "node:stream";
import { addressGuard, guardedLookup, guardedUrl, portOfUrl } from "../../lib/net/address-guard.ts";
import { isLoopback } from "../../lib/net/host-port.ts";
import { challenges } from "../../lib/net/http-challenges.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { CacheError } from "../errors.ts";
import type { RegistryCredentials } from "./registry-credentials.ts";
import { tokenAddress } from "./token-address.ts";

/** One call to a registry. */
export interface RegistryRequest {
  method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which it is given up; 30 s unless it is given. */
  patience?: number;
}

/** Calls a registry with what opens it; resolves to its answer, whatever the status. @throws {CacheError} `unavailable` */
export type RegistryCall = (request: RegistryRequest) => Promise<IncomingMessage>;

const silenceMost = 30_000;
const redirectsMost = 3;
const tokenMost = 64 << 10;

/** Makes the function that calls a registry, and the storage to which it redirects fetches. */
export function registryCaller(registry: URL, credentials: RegistryCredentials | undefined): RegistryCall {
  const guard = addressGuard({
    ...{ privateAllowed: true, ownPorts: [] },
    loopbackAllowed: isLoopback(registry.hostname.replace(/^\[|\]$/gu, "")),
  });
  const basic =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
  // Reading and writing may need different tokens.
  const known = new Map<boolean, string>();

  function send(
    { method, url, headers = {}, body, signal, patience = silenceMost }: RegistryRequest,
    authorization?: string,
  ): Promise<IncomingMessage> {
    const failed = (why: string, cause?: unknown): CacheError =>
      new CacheError("unavailable", `the registry's ${shownUrl(url)} ${why}`, { cause });
    const refused = guardedUrl(guard, url);
    if (refused !== undefined) {
      return Promise.reject(failed(`is ${refused}`));
    }
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === "https:" ? httpsRequest : httpRequest)(
        url,
        {
          method,
          headers: {
            ...headers,
            ...(body === undefined ? {} : { "content-length": String(body.length) }),
            ...(authorization === undefined ? {} : { authorization }),
          },
          lookup: guardedLookup(guard, portOfUrl(url), (reason) => failed(`is ${reason}`)),
          timeout: patience,
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      outgoing.once("timeout", () => outgoing.destroy(failed(`sent nothing for ${patience / 1000} s`)));
      outgoing.once("error", (error) =>
        reject(error instanceof CacheError ? error : failed("can't be reached", error)),
      );
      outgoing.end(body);
    });
  }

  /** What the registry wants to see, after it answered 401. @throws {CacheError} */
  async function authorize(answer: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    const offered = challenges([answer.headers["www-authenticate"] ?? []].flat().join(", "));
    if (basic !== undefined && offered.some(({ scheme }) => scheme === "basic")) {
      return basic;
    }
    const [url] = offered.flatMap((one) => (one.scheme === "bearer" ? (tokenAddress(one, registry) ?? []) : []));
    if (url === undefined) {
      throw new CacheError(
        "unusable",
        `the registry ${registry.host} wants credentials that are not given: name a file with USER:PASSWORD by --cache-credentials FILE`,
      );
    }
    const given = await send({ method: "GET", url, signal }, basic);
    const { token, access_token: other } = registryJson(await registryText(given, tokenMost));
    const found = token ?? other;
    if (given.statusCode !== 200 || typeof found !== "string" || !/^[\x21-\x7e]+$/u.test(found)) {
      throw new CacheError("unusable", `${shownUrl(url)} gave no token for the registry (${given.statusCode ?? 0})`);
    }
    return `Bearer ${found}`;
  }

  async function authorized(request: RegistryRequest): Promise<IncomingMessage> {
    if (request.url.origin !== registry.origin) {
      // The registry's storage: its addresses have what opens them in themselves.
      return send(request);
    }
    const writes = request.method !== "GET" && request.method !== "HEAD";
    const answer = await send(request, known.get(writes));
    if (answer.statusCode !== 401) {
      return answer;
    }
    answer.resume();
    const authorization = await authorize(answer, request.signal);
    const second = await send(request, authorization);
    if (second.statusCode !== 401) {
      known.set(writes, authorization);
    }
    return second;
  }

  return async (request) => {
    let { url } = request;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await authorized({ ...request, url });
      const { statusCode = 0, headers } = answer;
      const isFetch = request.method === "GET" || request.method === "HEAD";
      if (!isFetch || ![301, 302, 303, 307, 308].includes(statusCode)) {
        return answer;
      }
      answer.resume();
      const next = URL.parse(headers.location ?? "", url);
      const isSafe = next?.protocol === "https:" || (next?.protocol === "http:" && registry.protocol === "http:");
      if (next === null || !isSafe || redirects === redirectsMost) {
        throw new CacheError("unavailable", `the registry redirects ${shownUrl(url)} to where nothing is fetched from`);
      }
      url = next;
    }
  };
}

/** An answer's text. @throws {CacheError} `unavailable` if it is longer than `most` bytes, or breaks off */
export async function registryText(answer: IncomingMessage, most: number): Promise<string> {
  async function* bounded(): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > most) {
        throw new CacheError("unavailable", `the registry's answer is longer than ${most} bytes`);
      }
      yield piece;
    }
  }
  try {
    return await text(Readable.from(bounded()));
  } catch (error) {
    throw error instanceof CacheError
      ? error
      : new CacheError("unavailable", "the registry's answer broke off", { cause: error });
  }
}

/** A JSON object; empty if the text is none. */
export function registryJson(content: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(content);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // The caller misses what it needs.
    return {};
  }
}
