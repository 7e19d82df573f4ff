import type { DiskSelector } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { diskSelect, type SelectableDisk } from "../../contract/select-disk.ts";
import { AgentError } from "../errors.ts";

/**
 * The one disk for which every condition given holds.
 * @throws {AgentError} `disk_ambiguous` when none or several are, or no condition is given; it lists the disks there are
 * and what would select each
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
