import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase, type ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { AgentError, errorText } from "../errors.ts";
import type { InstallationEnd } from "../installer.ts";
import { bootEntrySet, bootedByUefi } from "./fit/boot-entry.ts";
import { CalledOff } from "./called-off.ts";
import { checkRequest } from "./check-request.ts";
import { configure } from "./fit/configure.ts";
import { createProgress, type ProgressState } from "./progress.ts";
import { reportProgress } from "./run-context.ts";
import type { InstallationContext, Run } from "./run-context.ts";
import { otherDisksFit } from "./fit/other-disks.ts";
import { seedFiles } from "./fit/seed.ts";
import { selectDisk } from "./select-disk.ts";
import { requireRoom } from "./write.ts";
import { writtenFromAny } from "./written-from-any.ts";
import { createWritingPermit } from "./writing-permit.ts";

/** The progress with which WRITING is requested. A server that caches byte counts never caches a count of 0. */
const writing: ProgressState = { phase: Phase.WRITING, bytesDone: 0n, bytesTotal: 0n };

/**
 * Carries out one request, in this order: check it; find the disk and open it; begin to fetch; have WRITING
 * acknowledged; wipe the disk; write while fetching; check digest and signature; read back; fit the partition table and
 * add the seed; write the beginning; set the boot entry. Never throws. When it returns, for whatever reason, nothing is
 * written any more.
 */
export async function runInstallation(
  request: OSInstallationRequest,
  context: InstallationContext,
  signal: AbortSignal,
): Promise<InstallationEnd> {
  const { generation } = request;
  const log = context.log.child({ generation: String(generation) });
  const own = new AbortController();
  const abort = (): void => own.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) {
    abort();
  }
  const { clock } = context;
  const send = async (state: ProgressState): Promise<CallOutcome<ReportProgressResponse>> => {
    const sentAt = clock.monotonic();
    const outcome = await reportProgress(context, generation, state, own.signal);
    if (outcome.kind === "ok") {
      permit.answered(sentAt);
    }
    return outcome;
  };
  const progress = createProgress({
    send,
    calledOff: (reason) => own.abort(reason),
    clock,
    log,
  });
  const permit = createWritingPermit({
    report: () => reportProgress(context, generation, writing, own.signal),
    resumed: () => progress.again(),
    clock,
    log,
    random: context.random,
    signal: own.signal,
  });
  const deaf = context.onHeartbeat?.((sentAt) => permit.answered(sentAt));
  try {
    const checked = checkRequest(request);
    log.info({ digest: checked.digest }, "installation begins");
    await install({ ...context, log, checked, generation, progress, permit, signal: own.signal });
    await progress.settled();
    own.signal.throwIfAborted();
    log.info("installation succeeded");
    return { kind: "success" };
  } catch (error) {
    const reason: unknown = own.signal.aborted ? own.signal.reason : error;
    if (reason instanceof CalledOff || own.signal.aborted) {
      log.warn({ reason: errorText(reason) }, "installation broken off");
      return { kind: "dropped", refused: reason instanceof CalledOff && reason.refused };
    }
    log.error({ err: errorText(error) }, "installation failed");
    return { kind: "error", error: errorText(error), cause: error instanceof AgentError ? error.failure : "other" };
  } finally {
    deaf?.();
    signal.removeEventListener("abort", abort);
    // Reports still in flight add nothing to the result.
    own.abort();
    await progress.settled();
  }
}

async function install(run: Run): Promise<void> {
  const { checked, progress, log, signal, machineId, generation } = run;
  const { image } = checked;
  progress.phase(Phase.SELECTING_DISK);
  const disk = selectDisk(await run.disks.list(), image.rootDisk);
  log.info({ disk: disk.device.name, path: disk.path }, "disk selected");
  requireRoom(disk, image.sizeBytes);
  const use = await run.disks.use(disk, "long");
  if (use !== undefined) {
    throw new AgentError("disk_busy", `disk ${disk.device.name} is in use: ${use}; a disk in use is never overwritten`);
  }
  const instance = { machineId, generation };
  // Refused before anything is written.
  seedFiles(image, instance);
  const uefi = disk.kind === "block" && (await (run.bootsByUefi ?? bootedByUefi)());
  await using writer = await writtenFromAny(run, disk, uefi);
  progress.phase(Phase.VERIFYING);
  signal.throwIfAborted();
  await writer.finish();
  if (image.readBack) {
    await writer.verify(signal);
  }
  progress.phase(Phase.CONFIGURING);
  await run.permit.hold();
  const { loader } = await configure({ writer, disk, image, instance, uefi, log, signal });
  signal.throwIfAborted();
  await otherDisksFit({
    disks: run.disks,
    chosen: disk,
    read: (length, position) => writer.read(length, position),
    log,
    signal,
  });
  await writer.seal();
  if (loader !== undefined) {
    progress.phase(Phase.BOOT_ENTRY);
    await run.permit.hold();
    await bootEntrySet({ path: disk.path, systemPartition: loader.partition, loader, log, signal });
  }
}
