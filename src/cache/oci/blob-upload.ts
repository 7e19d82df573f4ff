import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CacheError } from "../errors.ts";
import { registryText, type RegistryCall } from "./registry-call.ts";

/** Bytes that are sent at once, and kept in memory until then. */
const partBytes = 8 << 20;
const errorMost = 64 << 10;
/** Milliseconds for a registry to put a large blob in its place. */
const patience = 600_000;

/**
 * Uploads a blob in parts, unless its bytes do not have the digest; resolves to its length. Nobody sees a part of it.
 * @param repository the URL of the repository, with a slash at its end
 * @throws {CacheError} `unproven`, `unavailable`; what `pieces` throws
 */
export async function blobUpload(
  call: RegistryCall,
  repository: URL,
  blob: { hex: string; pieces: AsyncIterable<Uint8Array>; signal?: AbortSignal | undefined },
): Promise<number> {
  const { hex, pieces, signal } = blob;
  const hash = createHash("sha256");
  let bytes = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const begun = await call({
    method: "POST",
    url: new URL("blobs/uploads/", repository),
    signal,
    body: Buffer.alloc(0),
  });
  let place = await placeOf(begun, 202, repository);
  const send = async (): Promise<void> => {
    const body = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    const headers = {
      "content-type": "application/octet-stream",
      "content-range": `${bytes - body.length}-${bytes - 1}`,
    };
    place = await placeOf(await call({ method: "PATCH", url: place, headers, body, signal }), 202, repository);
  };
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      hash.update(piece);
      waiting.push(Buffer.from(piece));
      bytes += piece.length;
      waitingBytes += piece.length;
      if (waitingBytes >= partBytes) {
        await send();
      }
    }
    if (waitingBytes > 0) {
      await send();
    }
    const found = hash.digest("hex");
    if (found !== hex) {
      throw new CacheError("unproven", `the bytes have the digest sha256:${found}, expected sha256:${hex}`);
    }
    const whole = new URL(place);
    whole.searchParams.set("digest", `sha256:${hex}`);
    const headers = { "content-type": "application/octet-stream" };
    await statusRequired(
      await call({ method: "PUT", url: whole, headers, body: Buffer.alloc(0), signal, patience }),
      201,
    );
  } catch (error) {
    // The registry forgets an upload by itself, but only later.
    await call({ method: "DELETE", url: place }).then(
      (answer) => answer.resume(),
      () => undefined,
    );
    throw error;
  }
  return bytes;
}

async function placeOf(answer: IncomingMessage, status: number, repository: URL): Promise<URL> {
  await statusRequired(answer, status);
  const place = URL.parse(answer.headers.location ?? "", repository);
  if (place === null || place.origin !== repository.origin) {
    throw new CacheError("unavailable", `the registry ${repository.host} says no place for an upload`);
  }
  return place;
}

/** @throws {CacheError} `unavailable`, `full` unless the registry's answer has this status */
export async function statusRequired(answer: IncomingMessage, status: number): Promise<void> {
  const said = await registryText(answer, errorMost);
  if (answer.statusCode === status) {
    return;
  }
  const why = /"code"\s*:\s*"(?<code>[A-Z_]{1,40})"/u.exec(said)?.groups?.["code"] ?? "";
  const isFull = answer.statusCode === 507 || answer.statusCode === 413;
  throw new CacheError(
    isFull ? "full" : "unavailable",
    `the registry answered ${answer.statusCode ?? 0}${why === "" ? "" : ` (${why})`}, expected ${status}`,
  );
}
