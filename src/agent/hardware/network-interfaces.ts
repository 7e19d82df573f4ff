import { create } from "@bufbuild/protobuf";
import type { NetworkInterface } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { NetworkInterfaceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import { pciAddressPattern } from "./disk-place.ts";
import { deviceNumaNode } from "./numa.ts";
import { permanentMacs } from "./permanent-mac.ts";
import type { RunTool } from "./tool.ts";
import type { Tree } from "./tree.ts";
import { textLimit } from "./tree.ts";
import { defined } from "../../lib/defined.ts";

const interfaceLimit = 256;
/** "Unknown" as drivers write it: SPEED_UNKNOWN (linux/ethtool.h) in 16 and in 32 bits. */
const unknownSpeeds = new Set([-1, 0xffff, 0xffff_ffff]);
// ARPHRD_ETHER (linux/if_arp.h).
const ethernet = 1;
const bytesPerMegabit = 125_000;

/**
 * The machine's Ethernet ports, ordered by name, each with its permanent address, even in a bond or a team. Bridges,
 * bonds and other virtual interfaces are left out. Without `run` only bonds' ports get their permanent address.
 */
export async function networkInterfaces(tree: Tree, run?: RunTool): Promise<NetworkInterface[]> {
  const names = await tree.list("sys/class/net");
  if (names === undefined) {
    tree.warn("/sys/class/net is not there: no network interfaces are known");
  }
  const own = await permanentMacs(tree, names ?? [], run);
  const interfaces: NetworkInterface[] = [];
  for (const name of names ?? []) {
    const found = await networkInterface(tree, name, macBytes(own.get(name) ?? ""));
    if (found !== undefined) {
      interfaces.push(found);
    }
  }
  if (interfaces.length > interfaceLimit) {
    tree.warn(`${interfaces.length - interfaceLimit} interfaces beyond the first ${interfaceLimit} are left out`);
  }
  return interfaces.slice(0, interfaceLimit);
}

async function networkInterface(
  tree: Tree,
  name: string,
  permanent: Uint8Array | undefined,
): Promise<NetworkInterface | undefined> {
  const path = `sys/class/net/${name}`;
  // Only devices on a bus have this.
  const device = await tree.link(`${path}/device`);
  if (device === undefined || (await tree.integer(`${path}/type`)) !== ethernet) {
    return undefined;
  }
  // The kernel shows each virtual function as a port; it is not a port of the machine.
  if ((await tree.link(`${path}/device/physfn`)) !== undefined) {
    return undefined;
  }
  const mac = permanent ?? macBytes(await tree.text(`${path}/address`));
  if (mac === undefined) {
    tree.warn(`network interface ${name} has no EUI-48 address`);
    return undefined;
  }
  const driver = await tree.link(`${path}/device/driver`);
  const bus = await tree.link(`${path}/device/subsystem`);
  const node = await deviceNumaNode(tree, `${path}/device`);
  // Unknown is -1, and while the link is down many drivers refuse to report it.
  const megabits = (await tree.integer(`${path}/speed`)) ?? -1;
  return create(NetworkInterfaceSchema, {
    name: cleanText(name, textLimit),
    mac,
    driver: cleanText(driver?.slice(driver.lastIndexOf("/") + 1) ?? "", textLimit),
    bus: cleanText(bus?.slice(bus.lastIndexOf("/") + 1) ?? "", textLimit),
    pciAddress: pciAddress((await tree.link(path)) ?? device),
    ...defined({ numaNode: node }),
    port: await tree.text(`${path}/phys_port_name`),
    duplex: duplex(await tree.text(`${path}/duplex`)),
    linkUp: (await tree.integer(`${path}/carrier`)) === 1,
    currentSpeedBytes: speedBytes(megabits),
  });
}

/** Megabits per second in bytes; 0 means unknown. */
function speedBytes(megabits: number): bigint {
  return megabits > 0 && megabits < 2 ** 31 && !unknownSpeeds.has(megabits)
    ? BigInt(megabits) * BigInt(bytesPerMegabit)
    : 0n;
}

/** The last PCI address in a path: virtio and others have a bus of their own below it. */
function pciAddress(path: string): string {
  return path.split("/").findLast((part) => pciAddressPattern.test(part)) ?? "";
}

/** Drivers without this value write "unknown". */
function duplex(text: string): string {
  return text === "full" || text === "half" ? text : "";
}

/** The six bytes of "52:54:00:12:34:56". */
export function macBytes(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/iu.test(text)
    ? Uint8Array.from(Buffer.from(text.replaceAll(":", ""), "hex"))
    : undefined;
}
