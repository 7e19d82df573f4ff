import { create } from "@bufbuild/protobuf";
import type { PciDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { PciDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import { pciAddressPattern } from "./disk-place.ts";
import { deviceNumaNode } from "./numa.ts";
import type { Tree } from "./tree.ts";
import { textLimit } from "./tree.ts";
import { defined } from "../../lib/defined.ts";

const deviceLimit = 1024;
const folder = "sys/bus/pci/devices";
// PCI Express has at most 32 lanes; the kernel shows 255 for unknown.
const laneLimit = 32;

/**
 * The machine's PCI devices, ordered by address; without virtual functions, and without the processor's own hundreds of
 * functions.
 */
export async function pciDevices(tree: Tree): Promise<PciDevice[]> {
  const addresses = ((await tree.list(folder)) ?? []).filter((name) => pciAddressPattern.test(name));
  if (addresses.length > deviceLimit) {
    tree.warn(`${addresses.length - deviceLimit} PCI devices beyond the first ${deviceLimit} are left out`);
  }
  const devices: PciDevice[] = [];
  for (const address of addresses.slice(0, deviceLimit)) {
    const device = await pciDevice(tree, address);
    if (device !== undefined) {
      devices.push(device);
    }
  }
  return devices;
}

async function pciDevice(tree: Tree, address: string): Promise<PciDevice | undefined> {
  const path = `${folder}/${address}`;
  // Half of the devices lack most of these files: missing ones are not opened.
  const there = new Set(await tree.list(path));
  if (there.has("physfn")) {
    return undefined;
  }
  const text = async (file: string): Promise<string> => (there.has(file) ? tree.text(`${path}/${file}`) : "");
  const number = async (file: string, bits: number): Promise<number> => hexNumber(await text(file), bits);
  const code = await number("class", 24);
  if (!there.has("driver") && ofProcessor(code)) {
    return undefined;
  }
  const driver = there.has("driver") ? await tree.link(`${path}/driver`) : undefined;
  const node = there.has("numa_node") ? await deviceNumaNode(tree, path) : undefined;
  const lanes = async (file: string): Promise<number> => {
    const count = wholeNumber(await text(file));
    return count > 0 && count <= laneLimit ? count : 0;
  };
  const speed = async (file: string): Promise<string> => (await text(file)).replace(/^unknown.*/iu, "");
  const [width, widest] = [await lanes("current_link_width"), await lanes("max_link_width")];
  return create(PciDeviceSchema, {
    address,
    class: code,
    vendorId: await number("vendor", 16),
    deviceId: await number("device", 16),
    subsystemVendorId: await number("subsystem_vendor", 16),
    subsystemDeviceId: await number("subsystem_device", 16),
    revision: await number("revision", 8),
    driver: cleanText(driver?.slice(driver.lastIndexOf("/") + 1) ?? "", textLimit),
    ...defined({ numaNode: node }),
    ...(width > 0 || widest > 0
      ? {
          linkWidth: width,
          linkWidthMaximum: widest,
          linkSpeed: await speed("current_link_speed"),
          linkSpeedMaximum: await speed("max_link_speed"),
        }
      : {}),
    memoryBytes: BigInt(wholeNumber(await text("mem_info_vram_total"))),
  });
}

/**
 * Host bridges, system peripherals and performance counters: a processor has some two hundred of them, which would fill
 * the inventory without being useful.
 */
function ofProcessor(code: number): boolean {
  return code >>> 8 === 0x0600 || code >>> 16 === 0x08 || code >>> 8 === 0x1101;
}

/** 0 for anything else. */
function wholeNumber(text: string): number {
  return /^\d{1,15}$/u.test(text) ? Number(text) : 0;
}

/** Parses "0x8086"; 0 for anything else, or for too many bits. Pure. */
export function hexNumber(text: string, bits: number): number {
  const value = /^0x[0-9a-f]{1,8}$/iu.test(text) ? Number(text) : 0;
  return value < 2 ** bits ? value : 0;
}
