import { create } from "@bufbuild/protobuf";
import { SignatureFormat, SignatureSchema, type Signature } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";

const limits = { key: 16 * 1024, signature: 64 * 1024 } as const;

/** The flags that say by whom an image must be signed. */
export interface InstallSignatureFlags {
  minisignKey: string | undefined;
  cosignKey: string | undefined;
  signature: string | undefined;
}

/**
 * The signature that the flags demand; undefined if they demand none.
 * @throws {CliError} `usage`
 */
export async function installSignature(flags: InstallSignatureFlags): Promise<Signature | undefined> {
  const { minisignKey, cosignKey, signature } = flags;
  if (minisignKey !== undefined && cosignKey !== undefined) {
    throw new CliError(
      "usage",
      "--minisign-key and --cosign-key exclude each other, because an image has one signature: give one of them",
    );
  }
  if (minisignKey === undefined && cosignKey === undefined) {
    if (signature !== undefined) {
      throw new CliError(
        "usage",
        "--signature needs the key that verifies it: give --minisign-key or --cosign-key too",
      );
    }
    return undefined;
  }
  const minisign = minisignKey !== undefined;
  return create(SignatureSchema, {
    format: minisign ? SignatureFormat.MINISIGN : SignatureFormat.COSIGN,
    publicKey: await fileFlagRead(minisign ? "--minisign-key" : "--cosign-key", minisignKey ?? cosignKey, limits.key),
    signature: await fileFlagRead("--signature", signature, limits.signature),
  });
}
