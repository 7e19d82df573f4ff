import { createHash } from "node:crypto";

/** The content of medium.json. Network boot reads it to know where a machine's configuration goes. */
export interface MediumManifest {
  bytes: number;
  /** In hexadecimal, with a blank area. */
  sha256: string;
  /** Where the reserved area is, in bytes. */
  area: { offset: number; bytes: number };
  /** Digest of everything that the medium was made from. */
  inputs: string;
}

/** Digest in hexadecimal of what a medium is made from. Pure. */
export function mediumInputs(made: {
  image: { vmlinuz: string; initramfs: string; inputs: string };
  packages: readonly { name: string; sha256: string }[];
  kernelArguments: string;
}): string {
  const lines = made.packages.map(({ name, sha256 }) => `${name} ${sha256}`);
  const { vmlinuz, initramfs, inputs } = made.image;
  return createHash("sha256")
    .update([vmlinuz, initramfs, inputs, made.kernelArguments, ...lines].join("\n"))
    .digest("hex");
}
