import { create } from "@bufbuild/protobuf";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { BlockDevice_Protocol, BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import type { Tree } from "./tree.ts";
import { hardwareTree, int32, textLimit } from "./tree.ts";

// What is no disk of the machine's own: made by the kernel out of memory, files or other disks, or with removable media.
const notDisks = /^(?:loop|ram|zram|dm-|md|sr|fd|nbd|drbd|mtdblock|mmcblk\d+(?:boot\d+|rpmb)$)/u;
// The kernel counts in these whatever the disk's own block size is (Documentation/ABI/stable/sysfs-block).
const sectorBytes = 512n;
const byPathLimit = 16;
const deviceLimit = 1024;

/** The machine's disks, as the kernel shows them in /sys/block, ordered by name. */
export async function blockDevices(
  root: string,
  tree: Tree = hardwareTree(root),
): Promise<{ devices: BlockDevice[]; warnings: string[] }> {
  const all = await tree.list("sys/block");
  if (all === undefined) {
    tree.warn("/sys/block is not there: no disks are known");
  }
  const names = (all ?? []).filter((name) => !notDisks.test(name));
  if (names.length > deviceLimit) {
    tree.warn(`${names.length - deviceLimit} disks beyond the first ${deviceLimit} are left out`);
  }
  const stableNames = await byPathNames(tree);
  const devices: BlockDevice[] = [];
  for (const name of names.slice(0, deviceLimit)) {
    const device = await blockDevice(tree, name);
    if (device !== undefined) {
      device.byPath = (stableNames.get(name) ?? []).slice(0, byPathLimit);
      devices.push(device);
    }
  }
  return { devices, warnings: tree.warnings() };
}

async function blockDevice(tree: Tree, name: string): Promise<BlockDevice | undefined> {
  const path = `sys/block/${name}`;
  const sectors = await tree.integer(`${path}/size`);
  if (sectors === undefined || sectors <= 0 || (await tree.integer(`${path}/hidden`)) === 1) {
    return undefined;
  }
  const vendor = await tree.text(`${path}/device/vendor`);
  const wwid = (await tree.text(`${path}/wwid`)) || (await tree.text(`${path}/device/wwid`));
  return create(BlockDeviceSchema, {
    name: cleanText(name, textLimit),
    vendor,
    deviceModel: (await tree.text(`${path}/device/model`)) || (await tree.text(`${path}/device/name`)),
    serialNumber: await serialNumber(tree, path),
    wwn: wwnBytes(wwid),
    rotational: (await tree.integer(`${path}/queue/rotational`)) === 1,
    capacityBytes: BigInt(sectors) * sectorBytes,
    logicalBlockSizeBytes: int32(await tree.integer(`${path}/queue/logical_block_size`)),
    physicalBlockSizeBytes: int32(await tree.integer(`${path}/queue/physical_block_size`)),
    protocol: protocol(name, vendor, (await tree.link(path)) ?? ""),
  });
}

/** virtio keeps the serial number beside the disk, NVMe and MMC in the device, SCSI and ATA in a page of vital data. */
async function serialNumber(tree: Tree, path: string): Promise<string> {
  const plain = (await tree.text(`${path}/device/serial`)) || (await tree.text(`${path}/serial`));
  if (plain !== "") {
    return plain;
  }
  // SPC-4, 7.8.15: a head of 4 bytes, then the number in ASCII.
  const page = await tree.bytes(`${path}/device/vpd_pg80`);
  return page === undefined || page.length <= 4 ? "" : cleanText(page.subarray(4).toString("latin1"), textLimit);
}

/** The bytes of "naa.5000c500a1b2c3d4", "eui.0025388b71b0c1d2" or "uuid.…"; none of other forms, which are no numbers. */
export function wwnBytes(wwid: string): Uint8Array {
  const match = /^(?:naa|eui|uuid)\.(?<hex>[0-9a-f-]{16,36})$/iu.exec(wwid);
  const hex = match?.groups?.["hex"]?.replaceAll("-", "") ?? "";
  return hex.length % 2 === 0 ? Uint8Array.from(Buffer.from(hex, "hex")) : new Uint8Array();
}

function protocol(name: string, vendor: string, place: string): BlockDevice_Protocol {
  if (name.startsWith("nvme")) {
    return BlockDevice_Protocol.NVME;
  }
  if (name.startsWith("mmcblk")) {
    return BlockDevice_Protocol.MMC;
  }
  if (!name.startsWith("sd")) {
    return BlockDevice_Protocol.UNKNOWN;
  }
  // libata shows its disks as SCSI ones, below a port of its own and with this vendor.
  return vendor === "ATA" || /\/ata\d+\//u.test(place) ? BlockDevice_Protocol.ATA : BlockDevice_Protocol.SCSI;
}

/** Names below /dev/disk/by-path, by the kernel's name of the whole disk that they lead to. */
async function byPathNames(tree: Tree): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for (const link of (await tree.list("dev/disk/by-path")) ?? []) {
    const target = await tree.link(`dev/disk/by-path/${link}`);
    const name = target?.slice(target.lastIndexOf("/") + 1);
    if (name !== undefined) {
      names.set(name, [...(names.get(name) ?? []), cleanText(link, textLimit)]);
    }
  }
  return names;
}
