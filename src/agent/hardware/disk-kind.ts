import type { Tree } from "./tree.ts";

// Block devices that are not disks of the machine: made by the kernel from memory, files, flash, a network or other
// disks, with removable media, or a part of a disk that is shown as a disk.
const notDisks =
  /^(?:loop|cloop|zloop|ram|zram|brd|dm-|md|bcache|zd|zvol|drbd|device-mapper|sr|scd|fd|pktcdvd|pcd|pf|nbd|rbd|rnbd|gnbd|etherd|ublkb|nullb|null_blk|mtdblock|mtdswap|ubiblock|ubblk|ploop|dcssblk|xpram|cbd|mmcblk\d+(?:boot\d+|rpmb|gp\d+)$)/u;

/** Whether a name in /sys/block belongs to a disk of the machine. */
export async function isDisk(tree: Tree, name: string): Promise<boolean> {
  if (notDisks.test(name) || (await tree.integer(`sys/block/${name}/hidden`)) === 1) {
    return false;
  }
  // A virtual device of a driver that is not in the list. (NVMe disks with several paths are below
  // "virtual/nvme-subsystem".)
  return !/\/devices\/virtual\/block\//u.test((await tree.link(`sys/block/${name}`)) ?? "");
}

/** Why nothing can be written to a disk, in words; undefined if it is writable. */
export async function whyUnwritable(tree: Tree, name: string): Promise<string | undefined> {
  if ((await tree.integer(`sys/block/${name}/ro`)) === 1) {
    return "it is read-only (a write protection switch, a worn-out disk, or media of the management controller)";
  }
  return (await tree.text(`sys/block/${name}/queue/zoned`)) === "host-managed"
    ? "its zones can only be written in order (host-managed SMR or ZNS)"
    : undefined;
}
