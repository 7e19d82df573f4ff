// Which disk a selector matches: decided by the agent, and foreseen by the operator API from the hardware report.
import { BlockDevice_Protocol, type BlockDevice } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { hexText } from "../lib/format/hex.ts";
import type { DiskSelector } from "../../gen/farrier/agent/v1/image/image_pb.ts";

/** What a selector examines. */
export type SelectableDisk = Pick<
  BlockDevice,
  "serialNumber" | "wwn" | "name" | "capacityBytes" | "byPath" | "byId" | "protocol" | "rotational" | "transport"
>;

/** The result of a selector. */
export type DiskSelection<Disk> =
  | { kind: "one"; disk: Disk }
  /** Why not, with the disks and what would select each. */
  | { kind: "none" | "several" | "unsaid"; message: string };

/**
 * The one disk that meets every given condition, or why there is none. USB storage is left out unless a condition names
 * the disk itself: a stick or a controller's virtual drive is rarely meant, and may hold what the machine was booted from.
 * Pure.
 */
export function diskSelect<Disk extends { device: SelectableDisk }>(
  disks: readonly Disk[],
  selector: DiskSelector | undefined,
): DiskSelection<Disk> {
  const conditions = selector === undefined ? [] : selectorConditions(selector);
  if (conditions.length === 0) {
    const message = withDisks(
      "the request does not say which disk to write, and a disk is never guessed",
      disks,
      disks,
    );
    return { kind: "unsaid", message };
  }
  const wanted = conditions.map(({ text }) => text).join(",");
  const named = conditions.some(({ names }) => names);
  const meeting = disks.filter(({ device }) => conditions.every(({ holds }) => holds(device)));
  const matching = meeting.filter(({ device }) => named || device.transport !== "usb");
  const [only, ...others] = matching;
  if (only === undefined) {
    const usb = meeting.length === 0 ? "" : " but USB storage, which is left out unless it is named";
    return { kind: "none", message: withDisks(`no disk matches ${wanted}${usb}`, disks, disks) };
  }
  if (others.length > 0) {
    const what = `${matching.length} disks match ${wanted}, expected exactly one`;
    return { kind: "several", message: withDisks(what, matching, disks) };
  }
  return { kind: "one", disk: only };
}

interface Condition {
  text: string;
  holds: (device: SelectableDisk) => boolean;
  /** Whether it names one disk, and not a kind of disks. */
  names: boolean;
}

function selectorConditions(selector: DiskSelector): Condition[] {
  const { serialNumber, wwn, byPath, name, protocol, rotational, minBytes, maxBytes } = selector;
  const conditions: [given: boolean, text: string, holds: Condition["holds"], names?: boolean][] = [
    [serialNumber !== "", `serial=${serialNumber}`, (device) => device.serialNumber === serialNumber, true],
    [wwn.length > 0, `wwn=${hexText(wwn)}`, (device) => hexText(device.wwn) === hexText(wwn), true],
    [
      byPath !== "",
      `by-path=${byPath}`,
      (device) => [...device.byPath, ...device.byId].includes(baseName(byPath)),
      true,
    ],
    [name !== "", `name=${name}`, (device) => device.name === baseName(name), true],
    [
      protocol !== BlockDevice_Protocol.UNKNOWN,
      `protocol=${protocolName(protocol)}`,
      (device) => device.protocol === protocol,
    ],
    [rotational !== undefined, `rotational=${rotational}`, (device) => device.rotational === rotational],
    [minBytes !== 0n, `min-bytes=${minBytes}`, (device) => device.capacityBytes >= minBytes],
    [maxBytes !== 0n, `max-bytes=${maxBytes}`, (device) => device.capacityBytes <= maxBytes],
  ];
  return conditions.filter(([given]) => given).map(([, text, holds, names = false]) => ({ text, holds, names }));
}

/** Conditions that match only this disk among all, the most lasting first: "serial=S1". Pure. */
export function diskSelectors(device: SelectableDisk, all: readonly SelectableDisk[]): string[] {
  const alone = (same: (other: SelectableDisk) => boolean): boolean =>
    all.filter((other) => other !== device && same(other)).length === 0;
  return [
    ...(device.serialNumber !== "" && alone((other) => other.serialNumber === device.serialNumber)
      ? [`serial=${device.serialNumber}`]
      : []),
    ...(device.wwn.length > 0 && alone((other) => hexText(other.wwn) === hexText(device.wwn))
      ? [`wwn=${hexText(device.wwn)}`]
      : []),
    ...device.byPath.filter((path) => alone((other) => other.byPath.includes(path))).map((path) => `by-path=${path}`),
    ...(device.name !== "" && alone((other) => other.name === device.name) ? [`name=${device.name}`] : []),
  ];
}

// Few machines have more disks; further ones are only counted.
const listedDisks = 32;

function withDisks(
  what: string,
  disks: readonly { device: SelectableDisk }[],
  all: readonly { device: SelectableDisk }[],
): string {
  const devices = all.map(({ device }) => device);
  const listed = disks.slice(0, listedDisks).map(({ device }) => describe(device, devices));
  const rest = disks.length > listedDisks ? `; and ${disks.length - listedDisks} more` : "";
  const there = disks.length === 0 ? "there is no disk that may be written" : listed.join("; ") + rest;
  return `${what}. Disks: ${there}`;
}

function describe(device: SelectableDisk, all: readonly SelectableDisk[]): string {
  const selectors = diskSelectors(device, all);
  const how = selectors.length === 0 ? "no selector tells it from the others" : selectors.join(" or ");
  return `${device.name === "" ? "unnamed" : device.name} (${device.capacityBytes} bytes; ${how})`;
}

/** People write /dev/sda and /dev/disk/by-path/pci-…; the kernel's names have no folder. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function protocolName(protocol: BlockDevice_Protocol): string {
  const entry = Object.entries(BlockDevice_Protocol).find(([, value]) => value === protocol);
  return entry === undefined ? String(protocol) : entry[0].toLowerCase();
}
