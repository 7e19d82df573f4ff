// What the catalogue knows of where an image comes from: written by the operator API, read by the server that fetches it.
import type { Compression, ImageFormat, SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";

/** Where an image comes from, with its secrets. Stored sealed, as JSON. */
export interface ImageSource {
  url: string;
  /** sha256:HEX; absent = as it is fetched. */
  digest?: string;
  format: ImageFormat;
  compression: Compression;
  signature?: {
    format: SignatureFormat;
    /** In base64. */
    publicKey: string;
    /** In base64; "" = it is fetched from beside the image. */
    signature: string;
  };
  /** PEM; absent = the public ones alone. */
  certificates?: string;
  tokenHosts: string[];
}
