import { create } from "@bufbuild/protobuf";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { BlockDevice_Protocol, BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import { diskIdentity } from "./disk-identity.ts";
import { diskIds } from "./disk-ids.ts";
import { diskPaths, udevNames } from "./disk-paths.ts";
import { diskPlace } from "./disk-place.ts";
import { isDisk, whyUnwritable } from "./disk-kind.ts";
import { deviceNumaNode } from "./numa.ts";
import type { Tree } from "./tree.ts";
import { hardwareTree, int32, textLimit } from "./tree.ts";
import { defined } from "../../lib/defined.ts";

// The kernel counts in sectors of this size whatever the disk's block size is (Documentation/ABI/stable/sysfs-block).
const sectorBytes = 512n;
const nameLimit = 16;
const deviceLimit = 1024;

/** The machine's disks from /sys/block, ordered by name, without their health. */
export async function blockDevices(
  root: string,
  tree: Tree = hardwareTree(root),
): Promise<{ devices: BlockDevice[]; warnings: string[] }> {
  const all = await tree.list("sys/block");
  if (all === undefined) {
    tree.warn("/sys/block is not there: no disks are known");
  }
  const names: string[] = [];
  for (const name of all ?? []) {
    if (await isDisk(tree, name)) {
      names.push(name);
    }
  }
  if (names.length > deviceLimit) {
    tree.warn(`${names.length - deviceLimit} disks beyond the first ${deviceLimit} are left out`);
  }
  const udev = { paths: await udevNames(tree, "by-path"), ids: await udevNames(tree, "by-id") };
  const devices: BlockDevice[] = [];
  for (const name of names.slice(0, deviceLimit)) {
    const device = await blockDevice(tree, name);
    if (device !== undefined) {
      device.byPath = union(udev.paths.get(name), device.byPath);
      device.byId = union(udev.ids.get(name), device.byId);
      devices.push(device);
    }
  }
  return { devices, warnings: tree.warnings() };
}

async function blockDevice(tree: Tree, name: string): Promise<BlockDevice | undefined> {
  const path = `sys/block/${name}`;
  const sectors = await tree.integer(`${path}/size`);
  if (sectors === undefined || sectors <= 0) {
    return undefined;
  }
  const unwritable = await whyUnwritable(tree, name);
  if (unwritable !== undefined) {
    tree.warn(`${name} can't be installed to: ${unwritable}; it is left out`);
    return undefined;
  }
  const place = await diskPlace(tree, name);
  const known = await diskIdentity(tree, name, place);
  const node = place.pciPath === undefined ? undefined : await deviceNumaNode(tree, place.pciPath);
  return create(BlockDeviceSchema, {
    name: cleanText(name, textLimit),
    byPath: await diskPaths(tree, name, place),
    byId: diskIds(known),
    vendor: known.vendor,
    deviceModel: known.model,
    serialNumber: known.serialNumber,
    firmwareVersion: known.firmwareVersion,
    wwn: known.wwn,
    rotational: (await tree.integer(`${path}/queue/rotational`)) === 1,
    removable: (await tree.integer(`${path}/removable`)) === 1,
    capacityBytes: BigInt(sectors) * sectorBytes,
    logicalBlockSizeBytes: int32(await tree.integer(`${path}/queue/logical_block_size`)),
    physicalBlockSizeBytes: int32(await tree.integer(`${path}/queue/physical_block_size`)),
    protocol: protocol(name, known.vendor, place.transport),
    transport: cleanText(place.transport, textLimit),
    pciAddress: place.pciAddress,
    ...defined({ numaNode: node }),
  });
}

function protocol(name: string, vendor: string, transport: string): BlockDevice_Protocol {
  if (name.startsWith("nvme")) {
    return BlockDevice_Protocol.NVME;
  }
  if (name.startsWith("mmcblk")) {
    return BlockDevice_Protocol.MMC;
  }
  if (!name.startsWith("sd")) {
    return BlockDevice_Protocol.UNKNOWN;
  }
  // libata shows its disks as SCSI disks under a port of its own and with this vendor; SAS controllers do the same for
  // SATA disks.
  return vendor === "ATA" || transport === "ata" ? BlockDevice_Protocol.ATA : BlockDevice_Protocol.SCSI;
}

function union(made: readonly string[] | undefined, derived: readonly string[]): string[] {
  const names = [...(made ?? []), ...derived].map((name) => cleanText(name, textLimit));
  return [...new Set(names)].filter((name) => name !== "").slice(0, nameLimit);
}
