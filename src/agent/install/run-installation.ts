import { create } from "@bufbuild/protobuf";
import type { OSInstallationRequest } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase, ReportProgressRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ImageFormat } from "../../../gen/farrier/agent/v1/image_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CallOutcome, ControlPlane } from "../control-plane.ts";
import type { Disk, DiskSource } from "../disks.ts";
import { AgentError, errorText } from "../errors.ts";
import type { InstallationEnd } from "../installer.ts";
import { acknowledgeWriting } from "./acknowledge-writing.ts";
import { CalledOff } from "./called-off.ts";
import { bootEntrySet, bootedByUefi } from "./boot-entry.ts";
import { checkRequest } from "./check-request.ts";
import type { CheckedRequest } from "./check-request.ts";
import { configure } from "./configure.ts";
import { decompressInto, packingOf } from "./decompress.ts";
import { digestTap } from "./digest.ts";
import { fetchLimits, imageFetch } from "./fetch.ts";
import type { FetchLimits } from "./fetch.ts";
import { peek } from "./peek.ts";
import { createProgress } from "./progress.ts";
import type { Progress, ProgressState } from "./progress.ts";
import { selectDisk } from "./select-disk.ts";
import { wipe } from "./wipe.ts";
import { diskOpen, requireRoom } from "./write.ts";
import type { DiskWriter } from "./write.ts";

/** What an installation works with. */
export interface InstallationContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlane, "reportProgress">;
  disks: DiskSource;
  clock: Clock;
  log: Logger;
  random?: (() => number) | undefined;
  limits?: FetchLimits | undefined;
}

// A server may drop a connection on which nothing was read for so long: the fetch then begins anew.
const heldConnectionMilliseconds = 5_000;

interface Run extends InstallationContext {
  checked: CheckedRequest;
  generation: bigint;
  progress: Progress;
  signal: AbortSignal;
  /** WRITING has been acknowledged. */
  acknowledged: boolean;
}

/**
 * Carries out one request, in this order: check it; find the disk and open it; begin to fetch; have WRITING acknowledged;
 * wipe what is on the disk; write while fetching; check the digest; read back; fit the partition table and add the seed;
 * write the beginning; set the boot entry. Never throws. When it returns, for whatever reason, nothing is written any more.
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
  const progress = createProgress({
    send: (state) => reportProgress(context, generation, state, own.signal),
    calledOff: (reason) => own.abort(reason),
    clock: context.clock,
    log,
  });
  try {
    const checked = checkRequest(request);
    log.info({ digest: checked.digest }, "installation begins");
    await install({ ...context, log, checked, generation, progress, signal: own.signal, acknowledged: false });
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
    return { kind: "error", error: errorText(error) };
  } finally {
    signal.removeEventListener("abort", abort);
    // What is still on its way says nothing that the result does not.
    own.abort();
    await progress.settled();
  }
}

async function install(run: Run): Promise<void> {
  const { checked, progress, log, signal } = run;
  const { image } = checked;
  progress.phase(Phase.SELECTING_DISK);
  const disk = selectDisk(await run.disks.list(), image.rootDisk);
  log.info({ disk: disk.device.name, path: disk.path }, "disk selected");
  requireRoom(disk, image.sizeBytes);
  const use = await run.disks.use(disk);
  if (use !== undefined) {
    throw new AgentError("disk_busy", `disk ${disk.device.name} is in use: ${use}; a disk in use is never overwritten`);
  }
  await using writer = await diskOpen(disk, { readBack: image.readBack });
  while (!(await fetchAndWrite(run, disk, writer))) {
    log.info("fetching anew: the connection had to wait for WRITING to be acknowledged");
  }
  progress.phase(Phase.VERIFYING);
  signal.throwIfAborted();
  await writer.finish();
  if (image.readBack) {
    await writer.verify(signal);
  }
  progress.phase(Phase.CONFIGURING);
  const { machineId, generation } = run;
  const { systemPartition } = await configure({ writer, disk, image, instance: { machineId, generation }, signal });
  signal.throwIfAborted();
  await writer.seal();
  if (disk.kind === "block" && (await bootedByUefi())) {
    progress.phase(Phase.BOOT_ENTRY);
    await bootEntrySet(disk.path, systemPartition, signal);
  }
}

/** False: nothing was written, but WRITING is acknowledged now; begin again. */
async function fetchAndWrite(run: Run, disk: Disk, writer: DiskWriter): Promise<boolean> {
  const { checked, progress, signal } = run;
  const { image, url, digest } = checked;
  using fetched = await imageFetch(url, signal, run.limits ?? fetchLimits);
  const packing = packingOf(image.compression, fetched.head);
  const unpackedBytes = packing === "none" ? (fetched.contentLength ?? image.sizeBytes) : image.sizeBytes;
  requireRoom(disk, unpackedBytes);
  const tap = digestTap();
  const sink = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    const { head, body } = await peek(chunks, 4);
    refuseQcow2(image.format, head);
    if (!(await mayWrite(run, disk, writer))) {
      throw new HeldTooLong();
    }
    for await (const chunk of body) {
      signal.throwIfAborted();
      await writer.write(chunk);
      if (unpackedBytes > 0n) {
        progress.bytes(writer.bytes(), unpackedBytes);
      } else {
        progress.bytes(tap.bytes(), fetched.contentLength ?? 0n);
      }
    }
  };
  try {
    await decompressInto(tap.through(fetched.body), packing, sink);
  } catch (error) {
    if (error instanceof HeldTooLong) {
      return false;
    }
    throw error;
  }
  signal.throwIfAborted();
  tap.check(digest, fetched.shownUrl);
  const { sizeBytes } = image;
  if (writer.bytes() === 0n || (sizeBytes !== 0n && writer.bytes() !== sizeBytes)) {
    const expected = sizeBytes === 0n ? "more than none" : `size_bytes, ${sizeBytes}`;
    throw new AgentError("image_invalid", `the image unpacks to ${writer.bytes()} bytes, expected ${expected}`);
  }
  return true;
}

/** Ends a fetch before its first byte is written. */
class HeldTooLong extends Error {}

/** Has WRITING acknowledged, once an installation. False: it is, but the connection waited too long to be relied on. */
async function mayWrite(run: Run, disk: Disk, writer: DiskWriter): Promise<boolean> {
  const { clock, signal, log, progress, random } = run;
  if (run.acknowledged) {
    return true;
  }
  const since = clock.monotonic();
  const state = { phase: Phase.WRITING, bytesDone: 0n, bytesTotal: 0n };
  // Phases arrive in their order.
  await progress.settled();
  signal.throwIfAborted();
  const report = (): Promise<CallOutcome<ReportProgressResponse>> => reportProgress(run, run.generation, state, signal);
  await acknowledgeWriting({ report, clock, log, random, signal });
  run.acknowledged = true;
  log.info("WRITING is acknowledged: the disk is written now");
  progress.continueFrom(Phase.WRITING);
  if (await wipe(disk, log, signal)) {
    writer.skipZeros();
  }
  return clock.monotonic() - since < heldConnectionMilliseconds;
}

function refuseQcow2(format: ImageFormat, head: Buffer): void {
  // "QFI\xfb" (QEMU, docs/interop/qcow2.rst). An image that is said to be raw is raw, whatever it begins with.
  if (format !== ImageFormat.RAW && head.equals(Buffer.from("514649fb", "hex"))) {
    throw new AgentError("unsupported", "the image has the format qcow2, which is not supported by this agent yet");
  }
}

function reportProgress(
  context: Pick<InstallationContext, "controlPlane" | "machineId" | "runId">,
  generation: bigint,
  state: ProgressState,
  signal: AbortSignal,
): Promise<CallOutcome<ReportProgressResponse>> {
  const { machineId, runId } = context;
  const message = create(ReportProgressRequestSchema, { machineId, runId, generation, ...state });
  return context.controlPlane.reportProgress(message, signal);
}
