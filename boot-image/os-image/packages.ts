/** The tiny system's packages, and those of the programs that make its disk image. */
const tinyPackages = ["busybox-static", "dosfstools", "gdisk", "kmod", "libc6", "mtools", "openssl"];

/** The tiny image's Debian packages, besides the kernel. */
export const tinyRoots = {
  uefi: [...tinyPackages, "systemd-boot-efi"],
  bios: [...tinyPackages, "grub-common", "grub-pc-bin"],
} as const;

/** Packages of the programs that make the Debian disk image. */
export const debianRoots = ["dosfstools", "gdisk", "grub-common", "grub-pc-bin", "libc6", "mtools"] as const;
