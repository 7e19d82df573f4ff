import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { OciRepository } from "../../contract/oci-reference.ts";
import type { Clock } from "../../lib/clock.ts";
import { uuidOfText } from "../../lib/format/uuid.ts";
import type { Logger } from "../../lib/log.ts";
import { CacheError } from "../errors.ts";
import type { ImageStore, StoredFile } from "../store.ts";
import { blobUpload, statusRequired } from "./blob-upload.ts";
import { emptyConfig, emptyConfigHex, fileManifest, fileOfTag, fileTag, manifestType } from "./file-manifest.ts";
import { registryCaller } from "./registry-call.ts";
import type { RegistryCredentials } from "./registry-credentials.ts";
import { tagList } from "./tag-list.ts";

/** What a store in a registry is made from. */
export interface OciStoreOptions extends OciRepository {
  credentials: RegistryCredentials | undefined;
  /** Tells this process' store from those of other hosts with the same repository. */
  place: string;
  clock: Pick<Clock, "monotonic">;
  log: Logger;
}

/**
 * A store of files in a repository of an OCI registry. Processes with the same repository have the same files, and each
 * serves them at an address of its own. The registry compares digests as it takes files in.
 */
export function ociStore(options: OciStoreOptions): ImageStore {
  const { registry, repository: name, credentials, place, clock, log } = options;
  const call = registryCaller(registry, credentials);
  const repository = new URL(`v2/${name}/`, registry);
  const known = new Map<string, StoredFile>();
  // Files that the registry does not delete, and those that it has with other bytes.
  const left = new Set<string>();
  const altered = new Set<string>();
  const blobUrl = (hex: string): URL => new URL(`blobs/sha256:${hex}`, repository);
  let saidUndeletable = false;
  let turn = 0;

  /** The length of a blob; undefined if it is not there. */
  async function lengthOf(hex: string, signal?: AbortSignal): Promise<number | undefined> {
    const answer = await call({ method: "HEAD", url: blobUrl(hex), signal });
    answer.resume();
    if (answer.statusCode === 404) {
      return undefined;
    }
    const length = Number(answer.headers["content-length"]);
    if (answer.statusCode !== 200 || !Number.isSafeInteger(length)) {
      throw new CacheError("unavailable", `the registry answered ${answer.statusCode ?? 0} to a look at a blob`);
    }
    return length;
  }

  /** Whether a known file is still there, as long as it was. */
  async function isThere(file: StoredFile, signal?: AbortSignal): Promise<boolean> {
    const length = await lengthOf(file.hex, signal);
    if (length === file.bytes) {
      return true;
    }
    log.warn(
      { digest: file.hex },
      length === undefined
        ? "a cached image was deleted from the registry; it is fetched again while it is needed"
        : "a cached image was altered in the registry; it is fetched again while it is needed",
    );
    if (length !== undefined) {
      altered.add(file.hex);
    }
    await remove(file.hex);
    return false;
  }

  /** Bytes of a blob, all or those of a range. @throws {CacheError} `unavailable` */
  async function fetched(hex: string, range?: { first: number; last: number }): Promise<IncomingMessage> {
    const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` };
    const answer = await call({ method: "GET", url: blobUrl(hex), headers });
    const { statusCode = 0 } = answer;
    const isAsked =
      range === undefined ? statusCode === 200 : statusCode === 206 && answer.headers["content-range"] !== undefined;
    if (!isAsked) {
      answer.destroy();
      throw new CacheError("unavailable", `the registry answered ${statusCode} to a fetch`);
    }
    return answer;
  }

  async function remove(hex: string): Promise<void> {
    known.delete(hex);
    left.add(hex);
    const manifest = await call({
      ...{ method: "HEAD", url: new URL(`manifests/${fileTag(hex)}`, repository), headers: { accept: manifestType } },
    });
    manifest.resume();
    const digest = manifest.headers["docker-content-digest"];
    const targets = [...(typeof digest === "string" ? [`manifests/${digest}`] : []), `blobs/sha256:${hex}`];
    for (const target of targets) {
      const answer = await call({ method: "DELETE", url: new URL(target, repository) });
      answer.resume();
      const { statusCode = 0 } = answer;
      if (statusCode !== 202 && statusCode !== 404 && !saidUndeletable) {
        saidUndeletable = true;
        log.warn(
          { status: statusCode },
          "the registry deletes nothing, so images that leave the cache stay there: allow it to (storage.delete.enabled of Docker's registry)",
        );
      }
    }
  }

  async function check(hex: string, signal?: AbortSignal): Promise<boolean> {
    const hash = createHash("sha256");
    for await (const piece of (await fetched(hex)) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
    if (hash.digest("hex") === hex) {
      return true;
    }
    log.warn({ digest: hex }, "a cached image was altered in the registry; it is fetched again while it is needed");
    altered.add(hex);
    await remove(hex);
    return false;
  }

  /** Uploads the manifest of a file whose blob is there. */
  async function record(hex: string, bytes: number, signal?: AbortSignal): Promise<void> {
    if ((await lengthOf(emptyConfigHex, signal)) === undefined) {
      const config = Readable.from([emptyConfig]) as AsyncIterable<Buffer>;
      await blobUpload(call, repository, { hex: emptyConfigHex, pieces: config, signal });
    }
    const url = new URL(`manifests/${fileTag(hex)}`, repository);
    const headers = { "content-type": manifestType };
    await statusRequired(await call({ method: "PUT", url, headers, body: fileManifest(hex, bytes), signal }), 201);
  }

  return {
    id: uuidOfText(`${repository.href}\0${place}`),
    list: () => [...known.values()],
    open: async (hex) => {
      const file = known.get(hex);
      return file !== undefined && (await isThere(file))
        ? {
            bytes: file.bytes,
            read: (first, last) => {
              const isWhole = first === 0 && last === file.bytes - 1;
              return Readable.from(piecesOf(fetched(hex, isWhole ? undefined : { first, last })), {
                objectMode: false,
              });
            },
            [Symbol.asyncDispose]: () => Promise.resolve(),
          }
        : undefined;
    },
    put: async (hex, content, signal) => {
      const bytes = await blobUpload(call, repository, { hex, pieces: content, signal });
      if (altered.has(hex) && !(await check(hex, signal))) {
        throw new CacheError(
          "unavailable",
          `the registry ${registry.host} keeps other bytes under sha256:${hex}: delete this blob there, and collect its garbage`,
        );
      }
      await record(hex, bytes, signal);
      altered.delete(hex);
      left.delete(hex);
      known.set(hex, { hex, bytes, since: clock.monotonic() });
    },
    remove,
    check,
    scan: async (signal) => {
      const tagged = new Set((await tagList(call, repository, signal)).flatMap((tag) => fileOfTag(tag) ?? []));
      for (const hex of [...known.keys()].filter((one) => !tagged.has(one))) {
        log.warn(
          { digest: hex },
          "a cached image was deleted from the registry; it is fetched again while it is needed",
        );
        known.delete(hex);
      }
      for (const hex of tagged) {
        const bytes = known.has(hex) || left.has(hex) ? undefined : await lengthOf(hex, signal);
        if (bytes !== undefined) {
          known.set(hex, { hex, bytes, since: clock.monotonic() });
        }
      }
      left.forEach((hex) => tagged.has(hex) || left.delete(hex));
      // One blob in its turn: a blob may go without its tag.
      const files = [...known.values()];
      turn += 1;
      const next = files[turn % Math.max(1, files.length)];
      if (next !== undefined) {
        await isThere(next, signal);
      }
    },
  };
}

async function* piecesOf(answer: Promise<IncomingMessage>): AsyncGenerator<Buffer> {
  yield* (await answer) as AsyncIterable<Buffer>;
}
