/** What the system is made of, and what puts it on a disk image. */
const tinyPackages = ["busybox-static", "dosfstools", "gdisk", "kmod", "libc6", "mtools"];

/** Debian packages of the tiny image, besides the kernel. */
export const tinyRoots = {
  uefi: [...tinyPackages, "systemd-boot-efi"],
  bios: [...tinyPackages, "grub-common", "grub-pc-bin"],
} as const;

/** Debian packages that put the Debian image on a disk. */
export const debianRoots = ["dosfstools", "gdisk", "grub-common", "grub-pc-bin", "libc6", "mtools"] as const;
