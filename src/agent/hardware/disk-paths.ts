// The names under /dev/disk/by-path, as udev's path_id makes them (systemd, src/udev/udev-builtin-path_id.c). The boot
// image has no udev, and a selector taken from another Linux must match the same disk here.
import { posix } from "node:path";
import { pciAddressPattern, type DiskPlace } from "./disk-place.ts";
import type { Tree } from "./tree.ts";

const addressPattern = /^(?<host>\d+):(?<bus>\d+):(?<target>\d+):(?<lun>\d+)$/u;
const numberLimit = 64;

/** The disk's names, udev's own first; none if it is on no bus that udev names disks by. */
export async function diskPaths(tree: Tree, name: string, place: DiskPlace): Promise<string[]> {
  const parts = place.path.split("/");
  let names: string[] = [""];
  let complete = false;
  let hasTransport = false;
  const before = (text: string): void => {
    names = names.map((rest) => (rest === "" ? text : `${text}-${rest}`));
  };
  // From the folder above the disk's own upwards.
  for (let at = parts.length - 2; at > 1; at -= 1) {
    const part = parts[at] ?? "";
    const folder = parts.slice(0, at + 1).join("/");
    if (pciAddressPattern.test(part)) {
      before(`pci-${part}`);
      complete = true;
      at = firstOf(parts, at, (above) => pciAddressPattern.test(above));
    } else if (addressPattern.test(part)) {
      const scsi = await scsiNames(tree, parts, at);
      if (scsi === undefined) {
        return [];
      }
      names = scsi.names;
      hasTransport = true;
      complete ||= scsi.complete;
      at = scsi.at;
    } else if (/^\d+-[\d.]+(?::\d+\.\d+)?$/u.test(part)) {
      before(`usb-0:${part.slice(part.indexOf("-") + 1)}`);
      hasTransport = true;
      at = firstOf(parts, at, (above) => /^(?:usb\d+|\d+-[\d.]+(?::\d+\.\d+)?)$/u.test(above));
    } else if (/^virtio\d+$/u.test(part)) {
      hasTransport = true;
    } else if (/^nvme\d+$/u.test(part)) {
      before(`nvme-${(await tree.integer(`sys/block/${name}/nsid`)) ?? 1}`);
      hasTransport = true;
    } else if ((await tree.link(`${folder}/subsystem`))?.endsWith("/bus/platform") === true) {
      before(`platform-${part}`);
      complete = true;
      hasTransport = true;
    }
  }
  if (!complete || !hasTransport) {
    return [];
  }
  // Older names of virtio disks.
  return place.transport === "virtio" ? [...names, ...names.map((path) => `virtio-${path}`)] : names;
}

/** The topmost of the consecutive folders ending at `at` for which `like` holds. */
function firstOf(parts: readonly string[], at: number, like: (part: string) => boolean): number {
  let first = at;
  while (first > 0 && like(parts[first - 1] ?? "")) {
    first -= 1;
  }
  return first;
}

interface ScsiNames {
  names: string[];
  /** The transport alone gives the full name: no bus above it is needed. */
  complete: boolean;
  /** Where the search continues. */
  at: number;
}

async function scsiNames(tree: Tree, parts: readonly string[], at: number): Promise<ScsiNames | undefined> {
  const address = addressPattern.exec(parts[at] ?? "")?.groups;
  const [bus, target, lun] = ["bus", "target", "lun"].map((name) => Number(address?.[name]));
  const place = (pattern: RegExp): number => parts.findLastIndex((part, index) => index < at && pattern.test(part));
  const folder = (index: number): string => parts.slice(0, index + 1).join("/");
  const lunText = lunName(lun ?? 0);

  const [rport, endDevice, session, ata, host] = [
    /^rport-/u,
    /^end_device-/u,
    /^session\d+$/u,
    /^ata\d+$/u,
    /^host\d+$/u,
  ].map((pattern) => place(pattern)) as [number, number, number, number, number];
  if (rport !== -1) {
    const targetName = parts[at - 1] ?? "";
    const port = await tree.text(`${folder(at - 1)}/fc_transport/${targetName}/port_name`);
    return port === "" ? undefined : { names: [`fc-${port}-${lunText}`], complete: true, at: rport };
  }
  if (endDevice !== -1) {
    const sas = await sasName(tree, parts, endDevice);
    return sas === undefined ? undefined : { names: [`${sas}-${lunText}`], complete: true, at: endDevice };
  }
  if (session !== -1) {
    const iscsi = await iscsiName(tree, folder(session), parts[session] ?? "");
    return iscsi === undefined ? undefined : { names: [`${iscsi}-${lunText}`], complete: true, at: session };
  }
  if (ata !== -1) {
    const port = await tree.integer(`${folder(ata)}/ata_port/${parts[ata]}/port_no`);
    // Behind a port multiplier the bus is not 0; otherwise the target distinguishes master and slave.
    const names =
      port === undefined ? [] : [bus === 0 ? `ata-${port}.${target}` : `ata-${port}.${bus}.0`, `ata-${port}`];
    return names.length === 0 ? undefined : { names, complete: false, at: ata };
  }
  if (host === -1) {
    return undefined;
  }
  // Hosts are numbered as they are found, so the name counts from the first host of the same controller.
  const numbers = ((await tree.list(folder(host - 1))) ?? [])
    .map((name) => /^host(?<number>\d{1,9})$/u.exec(name)?.groups?.["number"])
    .filter((digits) => digits !== undefined)
    .slice(0, numberLimit)
    .map(Number);
  const number = Number((parts[host] ?? "").slice("host".length));
  return {
    names: [`scsi-${number - Math.min(number, ...numbers)}:${bus}:${target}:${lun}`],
    complete: false,
    at: host,
  };
}

/** A disk on one phy of a controller or an expander is named by that phy, a disk on a wide port by its address. */
async function sasName(tree: Tree, parts: readonly string[], at: number): Promise<string | undefined> {
  const folder = (index: number): string => parts.slice(0, index + 1).join("/");
  const device = parts[at] ?? "";
  const attributes = `${folder(at)}/sas_device/${device}`;
  const port = parts[at - 1] ?? "";
  if ((await tree.integer(`${folder(at - 1)}/sas_port/${port}/num_phys`)) !== 1) {
    const address = await tree.text(`${attributes}/sas_address`);
    return address === "" ? undefined : `sas-${address}`;
  }
  const phy = await tree.text(`${attributes}/phy_identifier`);
  if (phy === "") {
    return undefined;
  }
  const expander = parts[at - 2] ?? "";
  const address = await tree.text(`${folder(at - 2)}/sas_device/${expander}/sas_address`);
  return address === "" ? `sas-phy${phy}` : `sas-exp${address}-phy${phy}`;
}

async function iscsiName(tree: Tree, folder: string, session: string): Promise<string | undefined> {
  const targetName = await tree.text(`${folder}/iscsi_session/${session}/targetname`);
  const connection = ((await tree.list(folder)) ?? []).find((name) => name.startsWith("connection"));
  const attributes = `${folder}/${connection}/iscsi_connection/${connection}`;
  const address = await tree.text(`${attributes}/persistent_address`);
  const port = await tree.text(`${attributes}/persistent_port`);
  return targetName === "" || address === "" ? undefined : `ip-${address}:${port}-iscsi-${targetName}`;
}

/** Numbers below 256 are plain; larger ones are written as the eight bytes of a LUN (SAM-5, 4.7), in groups of two. */
function lunName(lun: number): string {
  if (lun < 256) {
    return `lun-${lun}`;
  }
  const digits = BigInt(lun).toString(16).padStart(16, "0");
  const swapped = [digits.slice(12), digits.slice(8, 12), digits.slice(4, 8), digits.slice(0, 4)].join("");
  return `lun-0x${swapped}`;
}

/** Names that a running udev has made, by the kernel's name of the whole disk behind them. */
export async function udevNames(tree: Tree, folder: "by-path" | "by-id"): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for (const link of (await tree.list(`dev/disk/${folder}`)) ?? []) {
    const target = await tree.link(`dev/disk/${folder}/${link}`);
    if (target !== undefined) {
      const name = posix.basename(target);
      names.set(name, [...(names.get(name) ?? []), link]);
    }
  }
  return names;
}
