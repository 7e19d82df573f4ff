// What the catalogue knows of where an image comes from: written by the operator API, read by the server that fetches it.
import type { Compression, ImageFormat, SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";

/** A signature that a file must have. */
export interface SourceSignature {
  format: SignatureFormat;
  /** In base64. */
  publicKey: string;
  /** In base64; "" = it is fetched from beside the file. */
  signature: string;
}

/** Where an image comes from, with its secrets. Stored sealed, as JSON. */
export interface ImageSource {
  url: string;
  /** sha256:HEX; absent = as it is fetched. */
  digest?: string;
  format: ImageFormat;
  compression: Compression;
  signature?: SourceSignature;
  /** A signed list that has the digest: by its URL, or its bytes in base64. */
  digestFrom?: { signature: SourceSignature } & ({ url: string } | { list: string });
  /** PEM; absent = the public ones alone. */
  certificates?: string;
  tokenHosts: string[];
}

/** A source as it is stored, after it was unsealed. Pure. */
export function imageSourceRead(opened: Uint8Array): ImageSource {
  return JSON.parse(Buffer.from(opened).toString("utf8")) as ImageSource;
}
