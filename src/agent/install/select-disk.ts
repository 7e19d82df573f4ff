import { BlockDevice_Protocol } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import type { DiskSelector } from "../../../gen/farrier/agent/v1/image_pb.ts";
import { AgentError } from "../errors.ts";

type Described = Pick<BlockDevice, "serialNumber" | "wwn" | "name" | "capacityBytes" | "byPath" | "protocol"> &
  Pick<BlockDevice, "rotational">;

/**
 * The one disk for which every condition given holds.
 * @throws {AgentError} `disk_ambiguous` when none or several are, or no condition is given; it lists the disks there are
 * and what would select each
 */
export function selectDisk<Disk extends { device: Described }>(
  disks: readonly Disk[],
  selector: DiskSelector | undefined,
): Disk {
  const conditions = selector === undefined ? [] : selectorConditions(selector);
  if (conditions.length === 0) {
    throw ambiguous("the request does not say which disk to write: a disk is never guessed", disks);
  }
  const wanted = conditions.map(({ text }) => text).join(",");
  const matching = disks.filter(({ device }) => conditions.every(({ holds }) => holds(device)));
  const [only, ...others] = matching;
  if (only === undefined) {
    throw ambiguous(`no disk matches ${wanted}`, disks);
  }
  if (others.length > 0) {
    throw ambiguous(`${matching.length} disks match ${wanted}, expected exactly one`, matching);
  }
  return only;
}

interface Condition {
  text: string;
  holds: (device: Described) => boolean;
}

function selectorConditions(selector: DiskSelector): Condition[] {
  const { serialNumber, wwn, byPath, name, protocol, rotational, minBytes, maxBytes } = selector;
  const conditions: [given: boolean, text: string, holds: Condition["holds"]][] = [
    [serialNumber !== "", `serial=${serialNumber}`, (device) => device.serialNumber === serialNumber],
    [wwn.length > 0, `wwn=${hex(wwn)}`, (device) => hex(device.wwn) === hex(wwn)],
    [byPath !== "", `by-path=${byPath}`, (device) => device.byPath.includes(baseName(byPath))],
    [name !== "", `name=${name}`, (device) => device.name === baseName(name)],
    [
      protocol !== BlockDevice_Protocol.UNKNOWN,
      `protocol=${protocolName(protocol)}`,
      (device) => device.protocol === protocol,
    ],
    [rotational !== undefined, `rotational=${rotational}`, (device) => device.rotational === rotational],
    [minBytes !== 0n, `min-bytes=${minBytes}`, (device) => device.capacityBytes >= minBytes],
    [maxBytes !== 0n, `max-bytes=${maxBytes}`, (device) => device.capacityBytes <= maxBytes],
  ];
  return conditions.filter(([given]) => given).map(([, text, holds]) => ({ text, holds }));
}

// Few machines have more; those that do get the rest counted.
const listedDisks = 32;

function ambiguous(what: string, disks: readonly { device: Described }[]): AgentError {
  const listed = disks.slice(0, listedDisks).map(({ device }) => describe(device));
  const rest = disks.length > listedDisks ? `; and ${disks.length - listedDisks} more` : "";
  const there = disks.length === 0 ? "there is no disk that may be written" : listed.join("; ") + rest;
  return new AgentError("disk_ambiguous", `${what}. Disks: ${there}`);
}

function describe(device: Described): string {
  const selectors = [
    ...(device.serialNumber === "" ? [] : [`serial=${device.serialNumber}`]),
    ...(device.wwn.length === 0 ? [] : [`wwn=${hex(device.wwn)}`]),
    `name=${device.name}`,
  ];
  return `${device.name} (${device.capacityBytes} bytes; ${selectors.join(" or ")})`;
}

/** People write /dev/sda and /dev/disk/by-path/pci-…; the kernel's names have no folder. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function protocolName(protocol: BlockDevice_Protocol): string {
  const entry = Object.entries(BlockDevice_Protocol).find(([, value]) => value === protocol);
  return entry === undefined ? String(protocol) : entry[0].toLowerCase();
}
