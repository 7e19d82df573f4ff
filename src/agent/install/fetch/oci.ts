import { createHash } from "node:crypto";
import type { OciReference } from "../../../contract/oci-reference.ts";
import { AgentError } from "../../errors.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import { httpAnswer } from "./http-answer.ts";
import type { HttpAnswer, HttpOptions } from "./http-answer.ts";
import { httpSmall, httpSmallGet } from "./http-small.ts";
import { tokenServer } from "./token-server.ts";
import type { TriesContext } from "./tries.ts";

const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
// OCI distribution specification 1.1: registries accept manifests up to 4 MiB.
const manifestMost = 4 << 20;
const tokenMost = 64 << 10;

/**
 * Opens the one layer of a manifest, whose digest must be `layerDigest` (hex). `tokenHosts` may issue tokens in
 * addition to the registry's own domain.
 * @throws {AgentError} `image_invalid` if the manifest's digest is not the requested one, or if it has another layer or
 * several; `fetch_failed`
 */
export async function ociOpen(
  reference: OciReference,
  { layerDigest, tokenHosts }: { layerDigest: string; tokenHosts: readonly string[] },
  options: HttpOptions,
  context: TriesContext,
): Promise<(headers: Record<string, string>) => Promise<HttpAnswer>> {
  const { registry, repository, digest } = reference;
  const ask = authorizing({ registry, tokenHosts }, options, context);
  const manifestUrl = new URL(`v2/${repository}/manifests/${digest}`, registry);
  const open = (): Promise<HttpAnswer> => ask(manifestUrl, { accept: manifestTypes.join(", ") });
  const manifest = await httpSmall(shownUrl(manifestUrl), open, manifestMost, context);
  const actual = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  if (actual !== digest) {
    throw new AgentError("image_invalid", `${shownUrl(manifestUrl)} is a manifest with the digest ${actual}`);
  }
  requireLayer(manifest, `sha256:${layerDigest}`, shownUrl(manifestUrl));
  const blobUrl = new URL(`v2/${repository}/blobs/sha256:${layerDigest}`, registry);
  return (headers) => ask(blobUrl, headers);
}

function requireLayer(manifest: Buffer, expected: string, shown: string): void {
  const layers = layerDigests(manifest);
  if (layers === undefined) {
    throw new AgentError(
      "image_invalid",
      `${shown} is not an image manifest: expected one with layers; for an index, name one of its manifests`,
    );
  }
  const [only, ...others] = layers;
  if (others.length > 0 || only !== expected) {
    const there = layers.length === 1 ? `the layer ${only}` : `${layers.length} layers`;
    throw new AgentError(
      "image_invalid",
      `${shown} has ${there}, expected the image as its one layer, with the request's digest ${expected}`,
    );
  }
}

/** Undefined if it is not such a manifest. */
function layerDigests(manifest: Buffer): string[] | undefined {
  const { layers } = jsonObject(manifest);
  return Array.isArray(layers)
    ? layers.map((layer: unknown) =>
        typeof layer === "object" && layer !== null && "digest" in layer && typeof layer.digest === "string"
          ? layer.digest.slice(0, 100)
          : "without a digest",
      )
    : undefined;
}

/** Empty if the bytes are not a JSON object. */
function jsonObject(bytes: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // The caller reports the missing field.
    return {};
  }
}

interface TokenSource {
  registry: URL;
  tokenHosts: readonly string[];
}

/** Adds a token, which is fetched when the registry asks for one, and again when it has expired. */
function authorizing(
  source: TokenSource,
  options: HttpOptions,
  context: TriesContext,
): (url: URL, headers: Record<string, string>) => Promise<HttpAnswer> {
  let token: string | undefined;
  return async (url, headers) => {
    const once = (): Promise<HttpAnswer> => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return httpAnswer(url, { ...options, headers: { ...headers, ...authorization } });
    };
    const answer = await once();
    if (answer.status !== 401) {
      return answer;
    }
    answer.destroy();
    token = await tokenFetch(answer, source, options, context);
    return once();
  };
}

/** Fetches an anonymous token if the registry offers one (`WWW-Authenticate: Bearer`). */
async function tokenFetch(
  answer: HttpAnswer,
  { registry, tokenHosts }: TokenSource,
  options: HttpOptions,
  context: TriesContext,
): Promise<string> {
  const found = tokenServer({ answer, registry, tokenHosts });
  if (found.kind === "none") {
    throw new AgentError("fetch_failed", found.reason, { failure: "image-forbidden" });
  }
  const { url, named } = found;
  const given = jsonObject(await httpSmallGet(url, tokenMost, { ...options, led: !named }, context));
  const token = given["token"] ?? given["access_token"];
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/u.test(token)) {
    throw new AgentError("fetch_failed", `${shownUrl(url)} gave no token`, { failure: "image-forbidden" });
  }
  return token;
}
