/**
 * Debian packages of the boot medium: shim and GRUB as Debian signs them, GRUB for BIOS, and the programs that put them
 * onto a medium.
 */
export const mediumRoots = [
  "dosfstools",
  "grub-common",
  "grub-efi-amd64-signed",
  "grub-pc-bin",
  "libc6",
  "mtools",
  "shim-helpers-amd64-signed",
  "shim-signed",
  "xorriso",
] as const;
