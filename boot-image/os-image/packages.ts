/** What the system is made of, and what puts it on a disk image. */
const tinyPackages = ["busybox-static", "dosfstools", "gdisk", "kmod", "libc6", "mtools"];

/** Debian packages of the tiny image, besides the kernel. */
export const tinyRoots = {
  uefi: [...tinyPackages, "systemd-boot-efi"],
  bios: [...tinyPackages, "grub-common", "grub-pc-bin"],
} as const;
