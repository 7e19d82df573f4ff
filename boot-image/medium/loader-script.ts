/** Paths on the medium. */
export const mediumPaths = {
  kernel: "farrier/vmlinuz",
  initramfs: "farrier/initramfs",
  /** The reserved area: an archive beside the initramfs, which is loaded before it. */
  area: "farrier/config.cpio",
  script: "boot/grub/grub.cfg",
  bios: "boot/grub/bios.img",
} as const;

/**
 * GRUB's script: starts the agent without a menu. `mark` is the path of a file that is on this medium alone: GRUB may
 * see other disks and media, and must take the kernel from its own. The configuration comes first, because it is an
 * uncompressed archive whose length makes the next one begin where the kernel looks for it. Pure.
 */
export function loaderScript({ mark, kernelArguments }: { mark: string; kernelArguments: string }): string {
  const { kernel, initramfs, area } = mediumPaths;
  return [
    "set timeout=0",
    `search --no-floppy --set=root --file /${mark}`,
    'echo "Farrier: starting the agent"',
    `linux /${kernel} ${kernelArguments}`.trimEnd(),
    `initrd /${area} /${initramfs}`,
    "boot",
    "",
  ].join("\n");
}
