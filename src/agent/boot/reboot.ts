import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The absolute path: another `reboot` in the path would need an init system, which is absent. */
const busybox = "/bin/busybox";

/** Restarts the machine at once, after flushing its disks. @throws {Error} if the kernel refuses */
export async function machineReboot(): Promise<void> {
  await promisify(execFile)(busybox, ["sync"]);
  await promisify(execFile)(busybox, ["reboot", "-f"]);
}
