import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** SecureBoot, a variable of the UEFI specification (2.10, 3.3). */
const variable = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/** The value follows the attributes. */
const valueAt = 4;

/** Whether this machine's firmware starts only signed programs; false if that is not known. */
export async function secureBootIsOn(): Promise<boolean> {
  // The variable of efibootmgr's library, by which tests have a folder of their own.
  const folder = process.env["EFIVARFS_PATH"] ?? "/sys/firmware/efi/efivars";
  try {
    return (await readFile(join(folder, variable)))[valueAt] === 1;
  } catch {
    // Firmware without Secure Boot has no such variable.
    return false;
  }
}
