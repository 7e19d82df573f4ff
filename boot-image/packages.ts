/** The sets of drivers of a boot image. */
export type Drivers = "lab" | "all";

/** The meta-package whose one dependency is the kernel package. The cloud kernel has no AHCI, e1000 or e1000e. */
export const kernelMetaPackage = "linux-image-amd64";
/** The kernel package. */
export const kernelPackage = /^linux-image-\d.*-amd64$/u;

/** Debian packages whose programs are in the image; the libraries that they depend on are added automatically. */
export const toolPackages = [
  "busybox-static",
  "dosfstools",
  "e2fsprogs",
  "efibootmgr",
  "fdisk",
  "gdisk",
  "kexec-tools",
  "kmod",
  "mtools",
  "nvme-cli",
  "openssl",
  "qemu-utils",
  "smartmontools",
  "util-linux",
  "xz-utils",
  "zstd",
] as const;

/** Libraries that Node's binary needs. */
export const libraryPackages = ["libatomic1", "libc6", "libgcc-s1", "libstdc++6"] as const;

/**
 * Programs that the agent runs, wherever they are in their package. They are in their own folder, first in PATH,
 * because busybox has simpler versions of some.
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

/** busybox commands that are called by name; its shell knows all of them anyway. */
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
