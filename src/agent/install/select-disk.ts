import type { DiskSelector } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { diskSelect, type SelectableDisk } from "../../contract/select-disk.ts";
import { AgentError } from "../errors.ts";

/**
 * The one disk that meets every given condition.
 * @throws {AgentError} `disk_ambiguous` if none or several match, or no condition is given; it lists the disks and what
 * would select each
 */
export function selectDisk<Disk extends { device: SelectableDisk }>(
  disks: readonly Disk[],
  selector: DiskSelector | undefined,
): Disk {
  const selection = diskSelect(disks, selector);
  if (selection.kind === "one") {
    return selection.disk;
  }
  throw new AgentError("disk_ambiguous", selection.message);
}
