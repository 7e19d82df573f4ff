import { Compression, ImageFormat } from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { AgentError } from "../errors.ts";

/** A request that this agent can carry out. */
export interface CheckedRequest {
  image: ImageInstallation;
  url: URL;
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
  for (const [asked, what] of unsupported(image)) {
    if (asked) {
      throw new AgentError("unsupported", `the request asks for ${what}, which is not supported by this agent yet`);
    }
  }
  return { image, url: imageUrl(image.url), digest };
}

function unsupported(image: ImageInstallation): [boolean, string][] {
  return [
    [image.format > ImageFormat.RAW, image.format === ImageFormat.QCOW2 ? "the format qcow2" : "an unknown format"],
    [
      image.compression > Compression.ZSTD,
      image.compression === Compression.XZ ? "the compression xz" : "an unknown compression",
    ],
    [image.signature !== undefined, "a signature to be checked"],
  ];
}

function imageUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "oci:") {
    throw new AgentError("unsupported", "the request's url is oci://…, which is not supported by this agent yet");
  }
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AgentError(
      "request_invalid",
      `the request's url is "${text.slice(0, 300)}", expected http://… or https://…`,
    );
  }
  return url;
}
