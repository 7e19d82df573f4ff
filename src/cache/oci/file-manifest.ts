import { createHash } from "node:crypto";

// A file in a registry is a blob, and a manifest with a tag for it: registries collect blobs without a manifest, and list
// nothing but tags (OCI distribution specification 1.1; image specification 1.1, "Guidelines for Artifact Usage").

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
/** The empty configuration of an artifact. */
export const emptyConfig = Buffer.from("{}");
export const emptyConfigHex = createHash("sha256").update(emptyConfig).digest("hex");
const prefix = "farrier-";

/** The tag of a file. Pure. */
export function fileTag(hex: string): string {
  return `${prefix}${hex}`;
}

/** The digest of the file that has this tag, in hexadecimal; undefined for other tags. Pure. */
export function fileOfTag(tag: unknown): string | undefined {
  return typeof tag === "string" ? /^farrier-(?<hex>[0-9a-f]{64})$/u.exec(tag)?.groups?.["hex"] : undefined;
}

/** The manifest of a file: always the same bytes for the same file. Pure. */
export function fileManifest(hex: string, bytes: number): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: "application/vnd.farrier.cached-file",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: `sha256:${emptyConfigHex}`, size: 2 },
      layers: [{ mediaType: "application/octet-stream", digest: `sha256:${hex}`, size: bytes }],
    }),
  );
}
