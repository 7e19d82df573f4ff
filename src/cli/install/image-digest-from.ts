import { create } from "@bufbuild/protobuf";
import { SignatureFormat, SignatureSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ImageDigestListSchema, type ImageDigestList } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { cosignKey, minisignKey } from "../../contract/signature-key.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";

/** The flags about a signed list that has the image's digest. */
export interface ImageDigestFromFlags {
  digest: string | undefined;
  digestFrom: string | undefined;
  key: string | undefined;
  digestSignature: string | undefined;
}

const limits = { list: 256 * 1024, key: 16 * 1024, signature: 64 * 1024 } as const;

/** The list that the flags name; undefined if they name none. @throws {CliError} `usage`, before any call */
export async function imageDigestFrom(flags: ImageDigestFromFlags): Promise<ImageDigestList | undefined> {
  const { digest, digestFrom, key, digestSignature } = flags;
  if (digestFrom === undefined) {
    if (key !== undefined || digestSignature !== undefined) {
      throw new CliError(
        "usage",
        "--key and --digest-signature are about a list of digests: give --digest-from too; an image's own signature is checked with " +
          "--minisign-key or --cosign-key",
      );
    }
    return undefined;
  }
  if (digest !== undefined) {
    throw new CliError("usage", "--digest and --digest-from exclude each other: the list has the digest");
  }
  if (key === undefined) {
    throw new CliError("usage", "--key is missing: expected the minisign or cosign key that signed the list");
  }
  const publicKey = await fileFlagRead("--key", key, limits.key);
  const minisign = minisignKey(publicKey) !== undefined;
  if (!minisign && cosignKey(publicKey) === undefined) {
    throw new CliError(
      "usage",
      `--key ${key}: expected a minisign .pub file, or a cosign.pub, an ECDSA key on P-256 in PEM`,
    );
  }
  const isUrl = /^https?:\/\//iu.test(digestFrom);
  const beside = isUrl ? undefined : `${digestFrom}${minisign ? ".minisig" : ".sig"}`;
  return create(ImageDigestListSchema, {
    url: isUrl ? digestFrom : "",
    list: await fileFlagRead("--digest-from", isUrl ? undefined : digestFrom, limits.list),
    signature: create(SignatureSchema, {
      format: minisign ? SignatureFormat.MINISIGN : SignatureFormat.COSIGN,
      publicKey,
      signature: await fileFlagRead("--digest-signature", digestSignature ?? beside, limits.signature),
    }),
  });
}
