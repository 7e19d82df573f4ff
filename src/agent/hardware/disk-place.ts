import { posix } from "node:path";
import type { Tree } from "./tree.ts";
import { defined } from "../../lib/defined.ts";

/** A disk's place in the device tree. */
export interface DiskPlace {
  /**
   * Its folder: "sys/devices/pci0000:00/0000:00:17.0/ata1/…/block/sda"; "sys/block/sda" if the kernel shows no more.
   */
  path: string;
  /** The nearest PCI device above it: "0000:00:17.0"; "" if there is none. */
  pciAddress: string;
  /** That device's folder; undefined if there is none. */
  pciPath: string | undefined;
  /** "pcie", "ata", "sas", … as in BlockDevice.transport. */
  transport: string;
  /** For NVMe, the controller ("nvme0"). */
  controller?: string;
}

export const pciAddressPattern = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/u;

/** Finds a disk's place. */
export async function diskPlace(tree: Tree, name: string): Promise<DiskPlace> {
  const shown = `sys/block/${name}`;
  const link = await tree.link(shown);
  const path = link === undefined ? shown : posix.join("sys/block", link);
  const above = await controllerAbove(tree, name, path);
  const parts = (above.path ?? path).split("/");
  const at = parts.findLastIndex((part) => pciAddressPattern.test(part));
  return {
    path: above.path ?? path,
    pciAddress: parts[at] ?? "",
    pciPath: at === -1 ? undefined : parts.slice(0, at + 1).join("/"),
    transport: await transport(tree, name, above.path ?? path),
    ...defined({ controller: above.controller }),
  };
}

/**
 * An NVMe disk with several ports is below its subsystem, which is on no bus; the subsystem names its controllers. If
 * there is only one, the disk's place is below that.
 */
async function controllerAbove(
  tree: Tree,
  name: string,
  path: string,
): Promise<{ path?: string; controller?: string }> {
  if (!name.startsWith("nvme")) {
    return {};
  }
  const folder = posix.dirname(path);
  if (!folder.includes("/nvme-subsystem/")) {
    const own = /\/(?<controller>nvme\d+)$/u.exec(folder)?.groups?.["controller"] ?? /^nvme\d+/u.exec(name)?.[0];
    return own === undefined ? {} : { controller: own };
  }
  const controllers = ((await tree.list(folder)) ?? []).filter((entry) => /^nvme\d+$/u.test(entry));
  const [controller] = controllers;
  const link = controller === undefined ? undefined : await tree.link(`${folder}/${controller}`);
  return {
    ...defined({ controller }),
    ...(controllers.length !== 1 || link === undefined ? {} : { path: `${posix.join(folder, link)}/${name}` }),
  };
}

const byFolder: readonly [RegExp, string][] = [
  [/\/usb\d+\//u, "usb"],
  [/\/ata\d+\//u, "ata"],
  [/\/end_device-/u, "sas"],
  [/\/rport-/u, "fc"],
  [/\/session\d+\//u, "iscsi"],
];

async function transport(tree: Tree, name: string, path: string): Promise<string> {
  if (name.startsWith("nvme")) {
    return (await tree.text(`sys/block/${name}/device/transport`)) || "pcie";
  }
  if (name.startsWith("mmcblk")) {
    return "mmc";
  }
  const found = byFolder.find(([pattern]) => pattern.test(path));
  if (found !== undefined) {
    return found[1];
  }
  return name.startsWith("sd") ? "scsi" : /\/virtio\d+\//u.test(path) ? "virtio" : "";
}
