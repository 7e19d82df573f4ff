/** Which drivers the boot image has. */
export type Drivers = "lab" | "all";

/** The meta-package whose one dependency is the kernel's own package. The cloud kernel has no AHCI, e1000 or e1000e. */
export const kernelMetaPackage = "linux-image-amd64";
/** The kernel's own package. */
export const kernelPackage = /^linux-image-\d.*-amd64$/u;

/** Debian packages whose programs go into the image; the libraries that these depend on are found out. */
export const toolPackages = [
  "busybox-static",
  "dosfstools",
  "e2fsprogs",
  "efibootmgr",
  "fdisk",
  "gdisk",
  "kmod",
  "mtools",
  "nvme-cli",
  "qemu-utils",
  "smartmontools",
  "util-linux",
  "xz-utils",
  "zstd",
] as const;

/** What Node's own binary needs. */
export const libraryPackages = ["libatomic1", "libc6", "libgcc-s1", "libstdc++6"] as const;

/**
 * What the agent calls, wherever it is in its package. They lie in a folder of their own, which comes first in PATH: busybox
 * has lesser ones of some of them.
 */
export const tools = [
  "blkdiscard",
  "blockdev",
  "e2fsck",
  "efibootmgr",
  "lsblk",
  "mcopy",
  "mkfs.vfat",
  "mmd",
  "nvme",
  "partx",
  "qemu-img",
  "resize2fs",
  "sfdisk",
  "sgdisk",
  "smartctl",
  "wipefs",
  "xz",
  "zstd",
] as const;

/** Commands of busybox that are called by name; its shell knows all of them anyway. */
export const busyboxCommands = [
  "cat",
  "dmesg",
  "ip",
  "ls",
  "mount",
  "ps",
  "reboot",
  "sh",
  "sync",
  "umount",
  "watchdog",
] as const;
