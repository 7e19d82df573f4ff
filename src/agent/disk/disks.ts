import { access, constants, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import type { BlockDevice } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { systemClock } from "../../lib/clock.ts";
import type { OpenPatience } from "./open-by.ts";
import { isBootMedium } from "./boot-medium.ts";
import { diskUse } from "./disk-use.ts";
import { fileUse } from "./file-use.ts";
import { AgentError } from "../errors.ts";
import { blockDevices } from "../hardware/block-devices.ts";

/** A disk that may be written. */
export interface Disk {
  device: BlockDevice;
  /** The path to open. */
  path: string;
  /** What `path` must be when it is opened. */
  kind: "block" | "file";
}

/** Where an agent's disks come from. */
export interface DiskSource {
  /** Lists the disks as they are now. @throws {AgentError} `init_invalid` if the folder of file-disks is missing */
  list(): Promise<Disk[]>;
  /**
   * What a disk is in use for, in words; undefined if it may be overwritten. `patience` is "long" for a disk that is to
   * be written, so that a monitor's short look at it fails no installation.
   */
  use(disk: Disk, patience: OpenPatience): Promise<string | undefined>;
}

const bootMediumUse = "it holds Farrier's boot medium, from which agents are started";

/** The machine's own disks. `root` replaces "/" in tests. */
export function machineDisks(root = "/"): DiskSource {
  return {
    list: async () => {
      const { devices } = await blockDevices(root);
      return devices.map((device) => ({ device, path: join(root, "dev", device.name), kind: "block" }));
    },
    use: async (disk, patience) =>
      (await diskUse(disk.device.name, root, systemClock, patience)) ??
      ((await isBootMedium(disk.path)) ? bootMediumUse : undefined),
  };
}

/**
 * Uses each regular file in `directory` that this agent can write as a disk; its name is also its serial number. Links
 * and other files are ignored, so that none leads to a real disk.
 */
export function fileDisks(directory: string): DiskSource {
  return {
    list: async () => {
      try {
        const names = (await readdir(directory)).toSorted();
        const disks = await Promise.all(names.map((name) => fileDisk(directory, name)));
        return disks.filter((disk) => disk !== undefined);
      } catch (cause) {
        const message = `the folder of file-disks, ${directory}, cannot be read: expected a folder with a file per disk`;
        throw new AgentError("init_invalid", message, { cause });
      }
    },
    use: (disk) => fileUse(disk.path),
  };
}

async function fileDisk(directory: string, name: string): Promise<Disk | undefined> {
  const path = join(directory, name);
  const stat = await lstat(path);
  if (!stat.isFile() || !(await isWritable(path))) {
    return undefined;
  }
  const device = create(BlockDeviceSchema, {
    vendor: "farrier",
    deviceModel: "file-disk",
    name,
    serialNumber: name,
    capacityBytes: BigInt(stat.size),
    logicalBlockSizeBytes: 512,
    physicalBlockSizeBytes: 4096,
  });
  return { device, path, kind: "file" };
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
