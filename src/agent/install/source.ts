import { shownUrl } from "../../lib/net/shown-url.ts";
import { imageFetch, type Fetched } from "./fetch/fetch.ts";
import { fetchLimits, httpAnswer, type FetchLimits, type HttpOptions } from "./fetch/http-answer.ts";
import { httpSmallGet } from "./fetch/http-small.ts";
import { ociOpen } from "./fetch/oci.ts";
import { createReach } from "./fetch/reach.ts";
import type { Run } from "./run-context.ts";
import { signatureCheck } from "./image/signature.ts";
import type { SignatureCheck } from "./image/signature-check.ts";
import type { TriesContext, Trouble } from "./fetch/tries.ts";
import { AgentError } from "../errors.ts";

const signatureMost = 64 << 10;

/** The opened source of an image. */
export interface Source extends Disposable {
  fetched: Fetched;
  /** The check of its signature, if the request has one. */
  signature: SignatureCheck | undefined;
}

/** Limits of a mirror: the next source is better than a long wait. */
const mirrorLimits = { answer: 10_000, tries: 3 };

/**
 * Fetches the signature if needed, and begins to fetch the image: from the mirror if one is given, otherwise from where
 * it comes from.
 * @throws {AgentError} `fetch_failed`, `image_invalid`, `request_invalid`, `signature_invalid`
 */
export async function sourceOpen(run: Run, mirror?: URL): Promise<Source> {
  const { checked, signal, clock, log, progress, random = Math.random } = run;
  const limits: FetchLimits = { ...fetchLimits, ...run.limits };
  const trying = (trouble: Trouble | undefined): void => {
    if (trouble === undefined) {
      progress.over();
    } else {
      progress.tryingAgain(trouble.reason, trouble.givesUpAt, trouble.slow);
    }
  };
  const context: TriesContext = { signal, limits, clock, random, log, trying };
  const { source, image } = checked;
  const options: HttpOptions = { signal, limits, certificates: checked.certificates, reach: createReach() };
  const { signature: asked } = image;
  const signature = asked === undefined ? undefined : await signatureCheck(asked, (suffix) => beside(suffix));
  if (mirror !== undefined) {
    const patience = { ...limits, answer: Math.min(limits.answer, mirrorLimits.answer) };
    const few = { ...context, limits: { ...patience, tries: Math.min(limits.tries, mirrorLimits.tries) } };
    const begin = (headers: Record<string, string>) => httpAnswer(mirror, { ...options, limits: patience, headers });
    const copy = await imageFetch(shownUrl(mirror), begin, few);
    return { fetched: copy, signature, [Symbol.dispose]: () => copy[Symbol.dispose]() };
  }
  const open =
    source.kind === "oci"
      ? await ociOpen(source.reference, { layerDigest: checked.digest, tokenHosts: image.tokenHost }, options, context)
      : (headers: Record<string, string>) => httpAnswer(source.url, { ...options, headers });
  const fetched = await imageFetch(shownUrl(image.url), open, context);
  return { fetched, signature, [Symbol.dispose]: () => fetched[Symbol.dispose]() };

  function beside(suffix: string): Promise<Uint8Array> {
    if (source.kind === "oci") {
      throw new AgentError(
        "request_invalid",
        "the request has a signature format but no signature, and it can't be fetched for an image in a registry: give it",
      );
    }
    const url = new URL(source.url);
    url.pathname += suffix;
    return httpSmallGet(url, signatureMost, options, context);
  }
}
