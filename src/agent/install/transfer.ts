import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ImageFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { Disk } from "../disk/disks.ts";
import { AgentError } from "../errors.ts";
import { decompressInto, packingOf } from "./image/decompress.ts";
import { digestTap } from "./image/digest.ts";
import { packedBounded, requirePackedRoom } from "./image/packed-bounds.ts";
import { endCheck } from "./end-check.ts";
import { peek } from "./fetch/peek.ts";
import { foreignEndBytes, foreignFormatAtEnd } from "./image/foreign-format.ts";
import { fileNameOf, foreignRefused, imageLook, imageLookBytes } from "./image/image-look.ts";
import { qcow2Magic } from "./image/qcow2-header.ts";
import type { Qcow2 } from "./image/qcow2-header.ts";
import { qcow2Read } from "./image/qcow2-read.ts";
import { earlyTableCheck } from "./fit/image-table.ts";
import type { Run } from "./run-context.ts";
import { sourceOpen } from "./source.ts";
import { stageOpen } from "./stage.ts";
import type { Stage } from "./stage.ts";
import { wipe } from "../disk/wipe.ts";
import { requireRoom } from "./write.ts";
import type { DiskWriter } from "./write.ts";

// The block size that older partitioning tools assume.
const defaultBlockBytes = 512;

/** A qcow2 image stored on the disk, to be converted. */
interface Staged {
  image: Qcow2;
  stage: Stage;
}

/**
 * Fetches, unpacks, writes and hashes in one stream; WRITING is acknowledged before the first byte. When it returns,
 * all bytes have the requested digest and signature, and have been given to the writer; the image's beginning is not on
 * the disk yet. A qcow2 image is stored and checked before it is parsed and converted. Faults in the first bytes are
 * refused before WRITING. `uefi`: the machine boots by UEFI, so the image must too. `mirror`: where to fetch from in place
 * of the request's URL.
 * @throws {AgentError} for any fault of source, image or disk
 */
export async function transfer(
  run: Run,
  disk: Disk,
  writer: DiskWriter,
  { uefi, mirror }: { uefi: boolean; mirror?: URL },
): Promise<void> {
  const { checked, progress, signal, log } = run;
  const { image, digest } = checked;
  using source = await sourceOpen(run, mirror);
  const { fetched, signature } = source;
  const packing = packingOf(image.compression, fetched.head);
  const unpackedBytes = packing === "none" ? (fetched.contentLength ?? image.sizeBytes) : image.sizeBytes;
  const tap = digestTap((chunk) => signature?.update(chunk));
  const file = fileNameOf(fetched.shownUrl, packing !== "none");
  let staged: Staged | undefined;
  let tail = Buffer.alloc(0);
  const sink = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    const { head, body } = await peek(chunks, imageLookBytes);
    // Empty output is an error that the unpacker has yet to report.
    if (head.length === 0) {
      return;
    }
    const look = imageLook(image.format, head, file);
    const qcow2 = look.kind === "qcow2" ? look.header : undefined;
    requireRoom(disk, qcow2 === undefined ? unpackedBytes : BigInt(qcow2.virtualBytes));
    if (look.kind === "qcow2") {
      requireSize(image.sizeBytes, BigInt(look.header.virtualBytes));
    } else {
      const blockBytes = disk.device.logicalBlockSizeBytes || defaultBlockBytes;
      earlyTableCheck(head, { blockBytes, imageBytes: Number(unpackedBytes), uefi });
      if (look.doubt !== undefined) {
        log.warn(look.doubt);
      }
    }
    const containers = look.kind === "raw" && image.format !== ImageFormat.RAW;
    if (containers) {
      await endCheck({ head, packed: packing !== "none", fetched, file, log });
    }
    staged = qcow2 === undefined ? undefined : stagedOn(disk, writer, qcow2, packing === "none" ? fetched : undefined);
    await begin(run, disk, writer);
    const into: Pick<DiskWriter, "write"> = staged?.stage ?? writer;
    const byUnpacked = staged === undefined && unpackedBytes > 0n;
    for await (const chunk of body) {
      signal.throwIfAborted();
      if (containers) {
        tail = Buffer.concat([tail, chunk.subarray(-foreignEndBytes)]).subarray(-foreignEndBytes);
      }
      await into.write(chunk);
      if (byUnpacked) {
        progress.bytes(writer.bytes(), unpackedBytes);
      } else {
        progress.bytes(tap.bytes(), fetched.contentLength ?? 0n);
      }
    }
  };
  const { capacityBytes } = disk.device;
  const body = packing === "none" ? fetched.body : packedBounded(fetched.body, capacityBytes);
  if (packing !== "none") {
    requirePackedRoom(fetched.contentLength ?? 0n, capacityBytes);
  }
  const qcow2First = image.format !== ImageFormat.RAW && fetched.head.subarray(0, qcow2Magic.length).equals(qcow2Magic);
  if (packing === "none" && !qcow2First) {
    // Known before the first piece of the image.
    requireRoom(disk, unpackedBytes);
  }
  await decompressInto(tap.through(body), packing, sink, (piece) => tap.update(piece));
  signal.throwIfAborted();
  tap.check(digest, fetched.shownUrl, fetched.remark());
  const foreign = foreignFormatAtEnd(tail, file);
  if (foreign !== undefined) {
    throw foreignRefused(foreign, "; only its end shows this, so the disk has been written already and will not boot");
  }
  if (signature?.holds() === false) {
    throw new AgentError(
      "signature_invalid",
      `${fetched.shownUrl} has the requested digest, but the signature does not match it: sign exactly this file, or give ` +
        "the key that signed it",
    );
  }
  if (staged !== undefined) {
    await convert(staged, writer, signal);
  }
  requireSize(image.sizeBytes, writer.bytes());
}

function stagedOn(
  disk: Disk,
  writer: DiskWriter,
  image: Qcow2,
  fetched: { contentLength: bigint | undefined } | undefined,
): Staged {
  const length = fetched?.contentLength === undefined ? undefined : Number(fetched.contentLength);
  return { image, stage: stageOpen(disk, writer.file, { needed: image.virtualBytes, length }) };
}

/** Has WRITING acknowledged, and wipes the disk. */
async function begin(run: Run, disk: Disk, writer: DiskWriter): Promise<void> {
  const { signal, log, progress, permit } = run;
  // Phases arrive in order.
  await progress.settled();
  signal.throwIfAborted();
  await permit.acquire();
  log.info("WRITING is acknowledged: writing the disk");
  progress.continueFrom(Phase.WRITING);
  // By the open descriptor, not by the path, which may lead to another disk by now.
  if (await wipe({ ...disk, path: writer.file.openPath }, log, signal)) {
    writer.skipZeros();
  }
}

async function convert({ image, stage }: Staged, writer: DiskWriter, signal: AbortSignal): Promise<void> {
  await stage.finish();
  for await (const chunk of qcow2Read(image, (length, position) => stage.read(length, position), stage.bytes())) {
    signal.throwIfAborted();
    await writer.write(chunk);
  }
  await stage.discard();
}

function requireSize(asked: bigint, bytes: bigint): void {
  if (bytes === 0n || (asked !== 0n && bytes !== asked)) {
    const expected = asked === 0n ? "more than none" : `size_bytes, ${asked}`;
    throw new AgentError("image_invalid", `the image unpacks to ${bytes} bytes, expected ${expected}`);
  }
}
