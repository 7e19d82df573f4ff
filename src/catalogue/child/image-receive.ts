import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { addressGuard, type AddressGuard } from "../../lib/net/address-guard.ts";
import { createLogger } from "../../lib/log.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { defined } from "../../lib/defined.ts";
import { systemClock } from "../../lib/clock.ts";
import { imageFetch } from "../../agent/install/fetch/fetch.ts";
import { fetchLimits, httpAnswer, type FetchLimits, type HttpOptions } from "../../agent/install/fetch/http-answer.ts";
import { httpSmallGet } from "../../agent/install/fetch/http-small.ts";
import { ociOpen } from "../../agent/install/fetch/oci.ts";
import { createReach } from "../../agent/install/fetch/reach.ts";
import type { TriesContext } from "../../agent/install/fetch/tries.ts";
import { signatureCheck } from "../../agent/install/image/signature.ts";
import { redirectRuleBroken } from "../../contract/catalogue/image-rule.ts";
import type { ImageSource } from "../../contract/catalogue/image-source.ts";
import { imageDigest, imageReference } from "../../contract/image-reference.ts";
import { CatalogueError } from "../errors.ts";
import { digestProven, signatureMessage, signatureMost } from "./digest-proven.ts";
import type { DiskShare } from "./disk-share.ts";
import type { ImageJob } from "./image-job.ts";

/** A file that was fetched, with the digest and the signature that were asked for. */
export interface ReceivedImage {
  /** sha256:HEX of the file. */
  digest: string;
  bytes: number;
  /** The signature, where it was fetched from beside the image. */
  signature?: Uint8Array;
}

/** Called with the bytes that have come, their number if it is known, and what is being tried again. */
export type ReceiveProgress = (bytesDone: number, bytesTotal: number, trouble?: string) => void;

/**
 * Fetches the image's file to `path`, by the same code as an agent, but only from addresses that the guard allows.
 * @throws {CatalogueError} `unproven`, `too_large`; {AgentError}
 */
export async function imageReceive(
  job: ImageJob,
  { path, room }: { path: string; room: DiskShare },
  progress: ReceiveProgress,
): Promise<ReceivedImage> {
  const { source, limits } = job;
  const reference = imageReference(source.url);
  if (reference.kind === "invalid") {
    throw new CatalogueError("unusable", `its URL: expected ${reference.expected}`);
  }
  const guard: AddressGuard = addressGuard({ privateAllowed: true, ...job.guard });
  const patience: FetchLimits = { ...fetchLimits, ...job.fetch };
  let done = 0;
  let total = 0;
  const context: TriesContext = {
    signal: new AbortController().signal,
    limits: patience,
    clock: systemClock,
    random: Math.random,
    log: createLogger({ level: "silent", component: "image" }),
    trying: (trouble) => progress(done, total, trouble?.reason),
  };
  const options: HttpOptions = {
    signal: context.signal,
    limits: patience,
    certificates: source.certificates,
    reach: createReach(),
    guard,
    redirectProblem: (url) => redirectRuleBroken(job.rules, url),
  };
  let beside: Uint8Array | undefined;
  const signature = await signatureOf(source, async (suffix) => {
    if (reference.kind === "oci") {
      throw new CatalogueError("unproven", "the signature of an image in a registry can't be fetched: give it");
    }
    const url = new URL(reference.url);
    url.pathname += suffix;
    beside = await httpSmallGet(url, signatureMost, options, context);
    return beside;
  });
  const { digestFrom } = source;
  const expected =
    digestFrom === undefined
      ? source.digest
      : await digestProven(digestFrom, source.url, (url, most) => httpSmallGet(url, most, options, context));
  const asked = imageDigest(expected ?? "");
  const begin =
    reference.kind === "oci"
      ? await ociOpen(
          reference.reference,
          { layerDigest: asked ?? "", tokenHosts: source.tokenHosts },
          options,
          context,
        )
      : (headers: Record<string, string>) => httpAnswer(reference.url, { ...options, headers });
  using fetched = await imageFetch(shownUrl(source.url), begin, context);
  total = Number(fetched.contentLength ?? 0n);
  const tooLarge = (bytes: number): void => {
    if (bytes > limits.packedBytes) {
      throw new CatalogueError(
        "too_large",
        `the file has ${bytes} bytes or more, and the server fetches at most ${limits.packedBytes}`,
      );
    }
  };
  tooLarge(total);
  const hash = createHash("sha256");
  await using file = await open(path, "wx", 0o600);
  for await (const piece of fetched.body) {
    tooLarge(done + piece.length);
    room.take(piece.length);
    hash.update(piece);
    signature?.update(piece);
    // A piece is valid only until the next is requested.
    await file.writev([piece]);
    done += piece.length;
    progress(done, total);
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (expected !== undefined && digest !== expected) {
    throw new CatalogueError(
      "unproven",
      `${fetched.shownUrl} has the digest ${digest} (${done} bytes), expected ${expected}: it was altered, or the digest ` +
        `is another file's${fetched.remark()}`,
    );
  }
  if (signature?.holds() === false) {
    throw new CatalogueError(
      "unproven",
      `the signature does not match ${fetched.shownUrl} (${digest}): sign exactly this file, or give the key that signed it`,
    );
  }
  return { digest, bytes: done, ...defined({ signature: beside }) };
}

async function signatureOf(
  { signature }: ImageSource,
  beside: (suffix: string) => Promise<Uint8Array>,
): Promise<Awaited<ReturnType<typeof signatureCheck>> | undefined> {
  return signature === undefined ? undefined : signatureCheck(signatureMessage(signature), beside);
}
