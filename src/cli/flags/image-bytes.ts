import { repeatedFlag, textFlag } from "./flag.ts";

/** Flags about the bytes of an image: how they are packed, signed and served. */
export const imageBytesFlags = {
  minisignKey: textFlag("Refuse an image that is not signed with this minisign key (.pub)", "FILE"),
  cosignKey: textFlag("Refuse an image that is not signed with this cosign key (.pub)", "FILE"),
  signature: textFlag("The signature (default: fetched from the image's URL + .minisig or .sig)", "FILE"),
  imageCa: textFlag("Further CAs for the image server's certificate, PEM or one in DER", "FILE"),
  imageTokenHost: repeatedFlag("Host outside the registry's domain that may issue its tokens; repeatable", "HOST"),
  format: {
    kind: "enum",
    optional: true,
    values: ["auto", "raw", "qcow2"],
    brief: "Format of the unpacked image (auto: by its first bytes)",
  },
  compression: {
    kind: "enum",
    optional: true,
    values: ["auto", "none", "gzip", "zstd", "xz"],
    brief: "Compression of the image (auto: by its first bytes)",
  },
} as const;
