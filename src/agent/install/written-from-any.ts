import { shownUrl } from "../../lib/net/shown-url.ts";
import type { Disk } from "../disk/disks.ts";
import { AgentError, errorText, type AgentErrorCode } from "../errors.ts";
import type { Run } from "./run-context.ts";
import { transfer } from "./transfer.ts";
import { diskOpen, type DiskWriter } from "./write.ts";

/** Errors that a mirror can cause by itself: it is away, or it has other bytes. */
const mirrorsFaults: ReadonlySet<AgentErrorCode> = new Set([
  "fetch_failed",
  "image_invalid",
  "unsupported",
  "disk_too_small",
  "signature_invalid",
]);

/**
 * Opens the disk and writes the image to it, from the first mirror that has it; if none has, from where it comes from. A
 * mirror that fails, or whose bytes do not have the digest, is passed over: the disk is written again from the start. Where
 * the origin fails too, mirrors are asked once more: they may have been starting, and the origin may give the image only
 * to them.
 * @throws {AgentError} as `transfer` does for the last source
 */
export async function writtenFromAny(run: Run, disk: Disk, uefi: boolean): Promise<DiskWriter> {
  const { checked, progress, log, signal } = run;
  const passedOver = (error: unknown, what: string): AgentError => {
    signal.throwIfAborted();
    if (!(error instanceof AgentError) || !mirrorsFaults.has(error.code)) {
      throw error;
    }
    const reason = `${what} is passed over: ${errorText(error)}`;
    log.warn(reason);
    progress.tryingAgain(reason);
    return error;
  };
  const fromMirrors = async (): Promise<DiskWriter | undefined> => {
    for (const mirror of checked.mirrors) {
      try {
        return await writtenFrom(run, disk, { uefi, mirror });
      } catch (error) {
        passedOver(error, `the mirror ${shownUrl(mirror)}`);
      }
    }
    return undefined;
  };
  const first = await fromMirrors();
  if (first !== undefined || checked.mirrors.length === 0) {
    return first ?? writtenFrom(run, disk, { uefi });
  }
  try {
    return await writtenFrom(run, disk, { uefi });
  } catch (error) {
    const origins = passedOver(error, "the origin");
    const second = await fromMirrors();
    if (second === undefined) {
      throw origins;
    }
    return second;
  }
}

async function writtenFrom(run: Run, disk: Disk, from: { uefi: boolean; mirror?: URL }): Promise<DiskWriter> {
  const { readBack } = run.checked.image;
  const writer = await diskOpen(disk, { readBack, beforeWrite: () => run.permit.hold() });
  try {
    await transfer(run, disk, writer, from);
    return writer;
  } catch (error) {
    await writer[Symbol.asyncDispose]();
    throw error;
  }
}
