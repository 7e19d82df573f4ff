import { Compression, ImageFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { caCertificates } from "../../contract/ca-certificates.ts";
import { imageDigest, imageReference, type ImageReference } from "../../contract/image-reference.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { AgentError } from "../errors.ts";

/** Where an image comes from. */
export type CheckedSource = Exclude<ImageReference, { kind: "invalid" }>;

/** A request that this agent can carry out. */
export interface CheckedRequest {
  image: ImageInstallation;
  source: CheckedSource;
  /** The required SHA-256 of the fetched bytes, in lower-case hex. */
  digest: string;
  /** PEM of CAs for the image's server, in addition to the public ones. */
  certificates: string | undefined;
  /** Servers that have the same bytes too, tried first. */
  mirrors: URL[];
}

/**
 * Refuses a request that can't be carried out in full, before anything is touched: no part of a request is ignored
 * silently.
 * @throws {AgentError} `request_invalid` or `unsupported`
 */
export function checkRequest(request: OSInstallationRequest): CheckedRequest {
  if (request.type.case === undefined) {
    throw new AgentError("unsupported", "the request's type is unknown to this agent: expected an image");
  }
  if (request.type.case === "metropolis") {
    throw new AgentError(
      "unsupported",
      "the request is for a Metropolis installation, which this agent cannot do: request an image",
    );
  }
  const image = request.type.value;
  const digest = imageDigest(image.digest);
  if (digest === undefined) {
    const given = image.digest === "" ? "has no digest" : `has the digest "${image.digest.slice(0, 100)}"`;
    throw new AgentError(
      "request_invalid",
      `the request ${given}, expected sha256:<64 lower-case hexadecimal digits> of the file at its url: no digest, no installation`,
    );
  }
  if (image.sizeBytes < 0n) {
    throw new AgentError("request_invalid", `size_bytes is ${image.sizeBytes}, expected 0 (unknown) or more`);
  }
  if (image.format > ImageFormat.QCOW2 || image.compression > Compression.XZ) {
    throw new AgentError(
      "unsupported",
      "the request asks for a format or a compression that this agent does not know: expected raw or qcow2, packed with " +
        "gzip, zstd, xz or not at all; use a newer boot image",
    );
  }
  return {
    image,
    source: checkSource(image.url),
    digest,
    certificates: checkCertificates(image.caCertificates),
    mirrors: image.mirrorUrl.map((text) => checkMirror(text)),
  };
}

function checkMirror(text: string): URL {
  const mirror = imageReference(text);
  if (mirror.kind !== "http") {
    throw new AgentError(
      "request_invalid",
      `a mirror_url of the request is "${shownUrl(text.slice(0, 300))}", expected http://… or https://…`,
    );
  }
  return mirror.url;
}

function checkSource(text: string): CheckedSource {
  const source = imageReference(text);
  if (source.kind === "invalid") {
    // Names only the schemes: the reader of this error has a request, not a command line.
    const expected = source.expected.replace(/^an http, https or oci URL.*$/u, "http://…, https://… or oci://…");
    throw new AgentError(
      "request_invalid",
      `the request's url is "${shownUrl(text.slice(0, 300))}", expected ${expected}`,
    );
  }
  return source;
}

function checkCertificates(given: Uint8Array): string | undefined {
  if (given.length === 0) {
    return undefined;
  }
  // TLS checks a CA's validity period: the clock of a fresh machine may be wrong.
  const certificates = caCertificates(given, new Date(0));
  if (certificates.kind === "invalid") {
    throw new AgentError("request_invalid", `ca_certificates of the request: ${certificates.problem}`);
  }
  return certificates.pem;
}
