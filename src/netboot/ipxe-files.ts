import { join } from "node:path";
import { architectures, type Architecture } from "./architecture.ts";

/** Where Debian's package `ipxe` installs its programs. */
export const ipxeDirectory = "/usr/lib/ipxe";

/**
 * iPXE's own programs, for firmware without iPXE that boots over HTTP or TFTP: the served name and Debian's file.
 * `snponly` uses the firmware's network driver, `ipxe` its own.
 */
const files: Record<Architecture, Readonly<Record<string, string>>> = {
  x86_64: { "ipxe.efi": "ipxe.efi", "snponly.efi": "snponly.efi", "undionly.kpxe": "undionly.kpxe" },
  arm64: { "ipxe.efi": "ipxe-arm64.efi", "snponly.efi": "snponly-arm64.efi" },
};

/** The path of a program, or undefined if there is none of that name. Pure. */
export function ipxeFilePath(directory: string, architecture: string, name: string): string | undefined {
  const known = architectures.find((one) => one === architecture);
  const file = known !== undefined && Object.hasOwn(files[known], name) ? files[known][name] : undefined;
  return file === undefined ? undefined : join(directory, file);
}
