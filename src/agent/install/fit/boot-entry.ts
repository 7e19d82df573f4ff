import { access } from "node:fs/promises";
import { AgentError } from "../../errors.ts";
import { bootLabel, fallbackLoader, ownBootEntries } from "./boot-entries.ts";
import { runProgram } from "../../disk/program.ts";

/** Whether this machine was booted by UEFI, and its variables can be reached. */
export async function bootedByUefi(): Promise<boolean> {
  return access("/sys/firmware/efi/efivars").then(
    () => true,
    () => false,
  );
}

/**
 * Has the firmware start the disk first: removes the entries that earlier installations made, and makes one for the
 * partition of this one. It names the fallback path, which is also what firmware takes that has lost its entries.
 * @throws {AgentError} `image_invalid` without such a partition; `program_failed`
 */
export async function bootEntrySet(
  path: string,
  systemPartition: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (systemPartition === undefined) {
    throw new AgentError(
      "image_invalid",
      "the image has no EFI system partition, and this machine boots by UEFI: use an image made for UEFI, or set the " +
        "machine's firmware to BIOS",
    );
  }
  const loader = fallbackLoader(process.arch);
  if (loader === undefined) {
    throw new AgentError("unsupported", `no boot entry can be made on ${process.arch}: expected x64 or arm64`);
  }
  const printed = await runProgram("efibootmgr", [], { signal });
  for (const number of ownBootEntries(printed)) {
    await runProgram("efibootmgr", ["--bootnum", number, "--delete-bootnum"], { signal });
  }
  // A new entry becomes the first of the boot order.
  const entry = ["--disk", path, "--part", String(systemPartition), "--label", bootLabel, "--loader", loader];
  await runProgram("efibootmgr", ["--create", ...entry], { signal });
}
