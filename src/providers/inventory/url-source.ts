import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { describeError } from "../../lib/errors.ts";
import { printable } from "../../lib/format/printable.ts";
import { type AddressGuard, guardedLookup, guardedUrl, portOfUrl } from "../../lib/net/address-guard.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { ProviderError } from "../../shepherd/provider.ts";
import { inventoryBytes } from "./decode.ts";
import { type InventorySource, tooLong } from "./file-source.ts";

/** How an inventory's server is called. */
export interface UrlSourceOptions {
  /** CAs of its certificate, PEM; absent = the system's. */
  ca?: string;
  /** Which addresses may be called; asked for each reading. */
  guard: () => Promise<AddressGuard>;
  /** Milliseconds between two readings. */
  pace: number;
  /** Milliseconds that one reading may take. */
  limit?: number;
}

/** Milliseconds that one reading may take. */
const readLimit = 60_000;
/** Redirects that are followed, on the same origin. */
const redirectsMost = 5;

/** What the server said that names this version of the inventory. */
interface Version {
  etag?: string | undefined;
  modified?: string | undefined;
}

/** An inventory at an https:// URL. It is fetched only if it has changed, where the server can tell. */
export function urlSource(url: string, { ca, guard, pace, limit = readLimit }: UrlSourceOptions): InventorySource {
  const title = shownUrl(url);
  let last: Version = {};

  const failed = (why: string, cause?: unknown) => new ProviderError("unavailable", `${title} ${why}`, { cause });

  async function get(
    address: URL,
    version: Version,
    { guard: may, signal }: { guard: AddressGuard; signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const headers = {
      accept: "text/csv, application/yaml, application/json, */*;q=0.1",
      ...(version.etag === undefined ? {} : { "if-none-match": version.etag }),
      ...(version.modified === undefined ? {} : { "if-modified-since": version.modified }),
    };
    const refused = (why: string) => failed(`is not read, because it is at ${why}`);
    const forbidden = guardedUrl(may, address);
    if (forbidden !== undefined) {
      throw refused(forbidden);
    }
    const lookup = guardedLookup(may, portOfUrl(address), refused);
    return new Promise((resolve, reject) => {
      // A connection of its own: readings are minutes apart.
      request(address, { agent: false, headers, signal, lookup, ...(ca === undefined ? {} : { ca }) })
        .once("response", resolve)
        .once("error", reject)
        .end();
    });
  }

  async function follow(version: Version, signal: AbortSignal): Promise<IncomingMessage> {
    let address = new URL(url);
    const may = await guard();
    for (let redirects = 0; ; redirects += 1) {
      const response = await get(address, version, { guard: may, signal });
      const { statusCode = 0, headers } = response;
      if (![301, 302, 303, 307, 308].includes(statusCode)) {
        return response;
      }
      response.destroy();
      const next = headers.location === undefined ? null : URL.parse(headers.location, address);
      if (next === null || redirects === redirectsMost) {
        throw failed(next === null ? "redirects to nowhere" : `redirects more than ${redirectsMost} times`);
      }
      if (next.origin !== address.origin) {
        throw failed(
          `redirects to another server, ${printable(shownUrl(next))}: put the URL where it really is into the settings`,
        );
      }
      address = next;
    }
  }

  async function read(fresh: boolean, signal: AbortSignal): Promise<{ bytes: Uint8Array } | "unchanged"> {
    const version = fresh ? {} : last;
    const response = await follow(version, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode !== 200) {
      response.destroy();
      if (statusCode === 304 && (version.etag ?? version.modified) !== undefined) {
        return "unchanged";
      }
      throw failed(`answered with status ${statusCode}: expected 200 and the inventory`);
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > inventoryBytes) {
        response.destroy();
        throw tooLong(title);
      }
      chunks.push(chunk);
    }
    if (!response.complete) {
      throw failed("broke off in the middle");
    }
    last = { etag: headers.etag, modified: headers["last-modified"] };
    return { bytes: Buffer.concat(chunks) };
  }

  return {
    title,
    pace,
    read: async ({ fresh, signal }) => {
      signal.throwIfAborted();
      const late = AbortSignal.timeout(limit);
      try {
        return await read(fresh, AbortSignal.any([signal, late]));
      } catch (error) {
        signal.throwIfAborted();
        last = {};
        if (error instanceof ProviderError) {
          throw error;
        }
        throw failed(
          late.aborted
            ? `did not answer whole within ${limit / 1000} s`
            : `can't be read: ${printable(describeError(error)).slice(0, 300)}`,
          error,
        );
      }
    },
  };
}
