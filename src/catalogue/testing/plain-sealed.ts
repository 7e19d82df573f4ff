import type { ImageSource } from "../../contract/catalogue/image-source.ts";
import { sealedOverhead } from "../../secrets/seal.ts";

const tagBytes = 16;
const head = Buffer.concat([Buffer.from("006672730100000000000000aa", "hex"), Buffer.alloc(12)]);

/** A source in the form of sealed bytes, in clear: for tests that are not about sealing. */
export function plainSealed(source: Partial<ImageSource> & { url: string }): Buffer {
  const full: ImageSource = { format: 0, compression: 0, tokenHosts: [], ...source };
  return Buffer.concat([head, Buffer.from(JSON.stringify(full)), Buffer.alloc(sealedOverhead - head.length)]);
}

/** What {@link plainSealed} has in it. */
export function plainOpened(sealed: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sealed.subarray(head.length, sealed.length - tagBytes));
}
