import { create } from "@bufbuild/protobuf";
import type { PciDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { PciDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import { pciAddressPattern } from "./disk-place.ts";
import { deviceNumaNode } from "./numa.ts";
import type { Tree } from "./tree.ts";
import { textLimit } from "./tree.ts";

const deviceLimit = 1024;
const folder = "sys/bus/pci/devices";
// PCI Express has at most 32 lanes; the kernel shows 255 where it does not know.
const laneLimit = 32;

/** What is on the machine's PCI buses, ordered by address; without the virtual functions that drivers make of a device. */
export async function pciDevices(tree: Tree): Promise<PciDevice[]> {
  const addresses = ((await tree.list(folder)) ?? []).filter((name) => pciAddressPattern.test(name));
  if (addresses.length > deviceLimit) {
    tree.warn(`${addresses.length - deviceLimit} PCI devices beyond the first ${deviceLimit} are left out`);
  }
  const devices: PciDevice[] = [];
  for (const address of addresses.slice(0, deviceLimit)) {
    if ((await tree.link(`${folder}/${address}/physfn`)) === undefined) {
      devices.push(await pciDevice(tree, address));
    }
  }
  return devices;
}

async function pciDevice(tree: Tree, address: string): Promise<PciDevice> {
  const path = `${folder}/${address}`;
  const number = async (file: string, bits: number): Promise<number> =>
    hexNumber(await tree.text(`${path}/${file}`), bits);
  const driver = await tree.link(`${path}/driver`);
  const node = await deviceNumaNode(tree, path);
  const lanes = async (file: string): Promise<number> => {
    const count = (await tree.integer(`${path}/${file}`)) ?? 0;
    return count > 0 && count <= laneLimit ? count : 0;
  };
  const width = await lanes("current_link_width");
  const speed = async (file: string): Promise<string> => {
    const text = await tree.text(`${path}/${file}`);
    return /^unknown/iu.test(text) ? "" : text;
  };
  const linked = width > 0 || (await lanes("max_link_width")) > 0;
  const memory = await tree.integer(`${path}/mem_info_vram_total`);
  return create(PciDeviceSchema, {
    address,
    class: await number("class", 24),
    vendorId: await number("vendor", 16),
    deviceId: await number("device", 16),
    subsystemVendorId: await number("subsystem_vendor", 16),
    subsystemDeviceId: await number("subsystem_device", 16),
    revision: await number("revision", 8),
    driver: cleanText(driver?.slice(driver.lastIndexOf("/") + 1) ?? "", textLimit),
    ...(node === undefined ? {} : { numaNode: node }),
    ...(linked
      ? {
          linkWidth: width,
          linkWidthMaximum: await lanes("max_link_width"),
          linkSpeed: await speed("current_link_speed"),
          linkSpeedMaximum: await speed("max_link_speed"),
        }
      : {}),
    memoryBytes: memory !== undefined && memory > 0 ? BigInt(memory) : 0n,
  });
}

/** "0x8086"; 0 for what is no such number, or takes more bits. Pure. */
export function hexNumber(text: string, bits: number): number {
  const value = /^0x[0-9a-f]{1,8}$/iu.test(text) ? Number(text) : 0;
  return value < 2 ** bits ? value : 0;
}
