import { get as getClear, type IncomingMessage } from "node:http";
import { get as getTls } from "node:https";
import { mirrorUrl, noMachine, type MirrorTicket } from "../contract/catalogue/mirror-ticket.ts";
import { shownUrl } from "../lib/net/shown-url.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { CacheError } from "./errors.ts";
import { ticketGive } from "./ticket-check.ts";

/** Milliseconds without a byte. */
const silenceMost = 30_000;
/** Seconds for which the ticket of a copy is good. */
const ticketSeconds = 3_600;

/**
 * The bytes of an image at another store of this control plane.
 * @param from the other store's address, such as http://10.0.0.1:8081
 * @param now seconds since 1970
 * @throws {CacheError} `unavailable`
 */
export async function* imageCopy(
  from: string,
  hex: string,
  { ring, now, signal }: { ring: Pick<KeyRing, "mirrorMacs">; now: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const ticket: MirrorTicket = { machineId: noMachine, generation: 0n, endsAt: Math.ceil(now) + ticketSeconds };
  const url = mirrorUrl(from, hex, ticketGive(ring, hex, ticket));
  const failed = (why: string, cause?: unknown): CacheError =>
    new CacheError("unavailable", `${shownUrl(url)} ${why}`, { cause });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.startsWith("https:") ? getTls : getClear;
    const request = get(url, { signal, timeout: silenceMost }, resolve);
    request.once("timeout", () => request.destroy(failed(`sent nothing for ${silenceMost / 1000} s`)));
    request.once("error", reject);
  }).catch((error: unknown) => {
    throw error instanceof CacheError ? error : failed("can't be reached", error);
  });
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw failed(`answered ${answer.statusCode ?? 0}`);
  }
  const length = Number(answer.headers["content-length"]);
  let received = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      received += piece.length;
      yield piece;
    }
  } catch (error) {
    throw failed(`broke off after ${received} of ${length} bytes`, error);
  }
}
