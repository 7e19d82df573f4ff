import { createHash } from "node:crypto";
import { AgentError } from "../../errors.ts";
import { shownUrl } from "../../../lib/shown-url.ts";
import { httpAnswer } from "./http-answer.ts";
import type { HttpAnswer, HttpOptions } from "./http-answer.ts";
import { httpSmall, httpSmallGet } from "./http-small.ts";
import type { OciReference } from "../../../contract/oci-reference.ts";
import type { TriesContext } from "./tries.ts";

const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
// OCI distribution specification 1.1: registries take manifests up to 4 MiB.
const manifestMost = 4 << 20;
const tokenMost = 64 << 10;

/**
 * What opens the one layer of a manifest, whose digest must be `layerDigest` (hex).
 * @throws {AgentError} `image_invalid` when the manifest is not the one that was named, or has another layer or several;
 * `fetch_failed`
 */
export async function ociOpen(
  reference: OciReference,
  layerDigest: string,
  options: HttpOptions,
  context: TriesContext,
): Promise<(headers: Record<string, string>) => Promise<HttpAnswer>> {
  const { registry, repository, digest } = reference;
  const ask = authorizing(options, context);
  const manifestUrl = new URL(`v2/${repository}/manifests/${digest}`, registry);
  const open = (): Promise<HttpAnswer> => ask(manifestUrl, { accept: manifestTypes.join(", ") });
  const manifest = await httpSmall(open, manifestMost, context);
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
      `${shown} is no manifest of an image: expected one with layers; of an index, name one of its manifests`,
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

/** Undefined = it is none of these manifests. */
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

/** Empty for what is no object in JSON. */
function jsonObject(bytes: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    // Whoever looks for something in it says that it is not there.
    return {};
  }
}

/** Asks with a token, which is fetched when the registry asks for one, and again when it has expired. */
function authorizing(
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
    token = await tokenFetch(answer, options, context);
    return once();
  };
}

/** An anonymous token, where the registry says that it gives them out (its `WWW-Authenticate: Bearer`). */
async function tokenFetch(
  { headers, url: asked }: HttpAnswer,
  options: HttpOptions,
  context: TriesContext,
): Promise<string> {
  const challenge = headers["www-authenticate"] ?? "";
  const parameters = new Map(
    Array.from(challenge.matchAll(/(?<name>\w+)="(?<value>[^"]*)"/gu), ({ groups }) => [
      groups?.["name"],
      groups?.["value"],
    ]),
  );
  const realm = URL.parse(parameters.get("realm") ?? "");
  if (
    !/^bearer /iu.test(challenge) ||
    realm === null ||
    (realm.protocol !== "https:" && realm.protocol !== asked.protocol)
  ) {
    throw new AgentError(
      "fetch_failed",
      `${shownUrl(asked)} answered 401 and offers no anonymous token: make the repository readable for everybody`,
    );
  }
  for (const name of ["service", "scope"]) {
    const value = parameters.get(name);
    if (value !== undefined) {
      realm.searchParams.set(name, value);
    }
  }
  const given = jsonObject(await httpSmallGet(realm, tokenMost, options, context));
  const token = given["token"] ?? given["access_token"];
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/u.test(token)) {
    throw new AgentError("fetch_failed", `${shownUrl(realm)} gave no token`);
  }
  return token;
}
