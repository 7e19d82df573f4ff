// Where an image is fetched from, and the digest of its bytes: parsed the same way by the command line, the operator
// API and the agent.
import { ociReference, type OciReference } from "./oci-reference.ts";

/** Where an image comes from. */
export type ImageReference =
  | { kind: "http"; url: URL }
  | { kind: "oci"; reference: OciReference }
  /** It can't be used. */
  | { kind: "invalid"; expected: string };

/** Parses an image's URL. Pure. */
export function imageReference(text: string): ImageReference {
  if (/^[a-z]+:\/\/(?:[^/@]*@)?\[[^\]/]*%/iu.test(text)) {
    return { kind: "invalid", expected: "an IPv6 address without a zone (%eth0): zones are not supported in URLs" };
  }
  const url = URL.parse(text);
  const usable = url !== null && url.host !== "" && !/\s/u.test(text);
  if (usable && url.protocol === "oci:") {
    const reference = ociReference(text);
    return reference === undefined
      ? { kind: "invalid", expected: "oci://host/repository@sha256: and 64 lower-case hex digits, of the manifest" }
      : { kind: "oci", reference };
  }
  return usable && (url.protocol === "http:" || url.protocol === "https:")
    ? { kind: "http", url }
    : {
        kind: "invalid",
        expected:
          "an http, https or oci URL that machines can reach, such as https://images.example.org/debian.raw.zst",
      };
}

/** What {@link imageDigest} accepts. */
export const imageDigestExpected =
  "sha256: and 64 lower-case hex digits, of the bytes fetched (as `sha256sum FILE` prints them)";

/** The hex digits of an image's digest; undefined if it is not one. Pure. */
export function imageDigest(text: string): string | undefined {
  return /^sha256:(?<hex>[0-9a-f]{64})$/u.exec(text)?.groups?.["hex"];
}

/** True for the host of a URL: a name or an address, with or without a port. Pure. */
export function isUrlHost(text: string): boolean {
  const url = /^[^\s/?#@\\]+$/u.test(text) ? URL.parse(`http://${text}/`) : null;
  return url !== null && url.host !== "";
}
