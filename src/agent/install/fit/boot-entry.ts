import { access } from "node:fs/promises";
import type { Logger } from "../../../lib/log.ts";
import { AgentError, errorText } from "../../errors.ts";
import { bootLabel, fallbackLoader, ownBootEntries } from "./boot-entries.ts";
import type { Loader } from "./loader.ts";
import { runDiskProgram } from "../../disk/program.ts";

/** Whether this machine booted by UEFI and its variables are accessible. */
export async function bootedByUefi(): Promise<boolean> {
  return access("/sys/firmware/efi/efivars").then(
    () => true,
    () => false,
  );
}

/**
 * Makes the firmware start the disk first: adds a boot entry for this installation's system partition, and removes the
 * entries of earlier installations. The entry names the image's loader, by default the loader at the fallback path.
 * Firmware that has lost its entries starts the fallback path too. So if the firmware refuses a new entry because its
 * memory is full, this is only logged, and the disk boots by the fallback path.
 * @throws {AgentError} `program_failed` if the entries can't be read, or the firmware refuses an entry for a loader
 * elsewhere; `unsupported` on another architecture
 */
export async function bootEntrySet(of: {
  path: string;
  systemPartition: number;
  loader?: Pick<Loader, "path" | "isFallback"> | undefined;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { path, systemPartition, log, signal } = of;
  const loader = of.loader?.path ?? fallbackLoader(process.arch);
  if (loader === undefined) {
    throw new AgentError("unsupported", `no boot entry can be made on ${process.arch}: expected x64 or arm64`);
  }
  const older = ownBootEntries(await runDiskProgram("efibootmgr", [], { signal }));
  // A new entry becomes the first in the boot order. It is added before the older ones are removed, so that there is
  // always an entry.
  const entry = ["--disk", path, "--part", String(systemPartition), "--label", bootLabel, "--loader", loader];
  const refusal = await refused(["--create", ...entry], signal);
  for (const number of older) {
    await refused(["--bootnum", number, "--delete-bootnum"], signal);
  }
  // Removing the older entries may have freed the memory that the new one needs.
  const reason = refusal === undefined || older.length === 0 ? refusal : await refused(["--create", ...entry], signal);
  if (reason !== undefined && of.loader?.isFallback === false) {
    throw new AgentError(
      "program_failed",
      `the firmware takes no new boot entry (${reason}), and without one it does not find the image's loader ${loader}: make ` +
        "room there (efibootmgr --bootnum XXXX --delete-bootnum), or use an image with a loader at the fallback path",
    );
  }
  if (reason === undefined) {
    log.info({ path, loader }, `the firmware starts the disk first, by its boot entry "${bootLabel}"`);
  } else {
    log.warn(
      { reason },
      `the firmware takes no new boot entry: the disk is started by the fallback path ${loader}, after the entries in the ` +
        "firmware's boot order; make room there (efibootmgr --bootnum XXXX --delete-bootnum), or put the disk first in its setup",
    );
  }
}

/** Why efibootmgr failed; undefined if it succeeded. */
async function refused(args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  try {
    await runDiskProgram("efibootmgr", args, { signal });
    return undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof AgentError)) {
      throw error;
    }
    return errorText(error);
  }
}
