import { Compression, ImageFormat } from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { shownUrl } from "../../lib/shown-url.ts";
import { AgentError } from "../errors.ts";
import { ociReference } from "../../contract/oci-reference.ts";
import type { OciReference } from "../../contract/oci-reference.ts";

/** Where an image comes from. */
export type CheckedSource = { kind: "http"; url: URL } | { kind: "oci"; reference: OciReference };

/** A request that this agent can carry out. */
export interface CheckedRequest {
  image: ImageInstallation;
  source: CheckedSource;
  /** Lower-case hex of the SHA-256 that the bytes fetched must have. */
  digest: string;
}

/**
 * Refuses, before anything is touched, what cannot be carried out in full: nothing that is asked for is left out
 * silently.
 * @throws {AgentError} `request_invalid` or `unsupported`
 */
export function checkRequest(request: OSInstallationRequest): CheckedRequest {
  if (request.type.case === undefined) {
    throw new AgentError("unsupported", "the request is of no type that this agent knows: expected an image");
  }
  if (request.type.case === "metropolis") {
    throw new AgentError(
      "unsupported",
      "the request is for a Metropolis installation, which this agent cannot do: request an image",
    );
  }
  const image = request.type.value;
  const digest = /^sha256:(?<hex>[0-9a-f]{64})$/iu.exec(image.digest)?.groups?.["hex"]?.toLowerCase();
  if (digest === undefined) {
    const given = image.digest === "" ? "has no digest" : `has the digest "${image.digest.slice(0, 100)}"`;
    throw new AgentError(
      "request_invalid",
      `the request ${given}, expected sha256:<64 hexadecimal digits> of the file at its url: no digest, no installation`,
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
  return { image, source: checkSource(image.url), digest };
}

function checkSource(text: string): CheckedSource {
  const url = URL.parse(text);
  if (url?.protocol === "oci:") {
    const reference = ociReference(text);
    if (reference === undefined) {
      throw new AgentError(
        "request_invalid",
        `the request's url is "${shownUrl(text.slice(0, 300))}", expected oci://host/repository@sha256:<64 hexadecimal digits>`,
      );
    }
    return { kind: "oci", reference };
  }
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AgentError(
      "request_invalid",
      `the request's url is "${shownUrl(text.slice(0, 300))}", expected http://…, https://… or oci://…`,
    );
  }
  return { kind: "http", url };
}
