import { open } from "node:fs/promises";
import { mediumVolume } from "../../contract/medium-path.ts";

/** The volume identifier of an ISO 9660 file system (ECMA-119, 8.4): in its first descriptor, 32 bytes. */
const volumeAt = 0x8028;
const volumeBytes = 32;

/** Whether a disk holds Farrier's boot medium, such as the USB stick from which this agent was started. */
export async function isBootMedium(path: string): Promise<boolean> {
  try {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(volumeBytes), 0, volumeBytes, volumeAt);
    return buffer.toString("latin1", 0, bytesRead).trimEnd() === mediumVolume;
  } catch {
    // A disk that can't be read is refused when it is opened for writing, with the reason.
    return false;
  }
}
