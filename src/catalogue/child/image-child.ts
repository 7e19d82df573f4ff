// The process that fetches one image and looks into it. It has no database, no keys and, where it was started by root, a user
// of its own: what is wrong with an image ends this process and nothing else.
import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { imageInspect } from "../look/image-inspect.ts";
import { diskShare } from "./disk-share.ts";
import { imageFailure } from "./image-failure.ts";
import type { ImageJob, ImageJobLine, ImagePhase } from "./image-job.ts";
import { imageReceive } from "./image-receive.ts";
import { imageUnpack, readAt } from "./image-unpack.ts";

/** Milliseconds between two lines of progress. */
const progressPace = 500;

function say(line: ImageJobLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let saidAt = 0;
let saidTrouble = "";

/** Says how far it is, at most twice a second. */
function progress(phase: ImagePhase) {
  return (bytesDone: number, bytesTotal: number, trouble = ""): void => {
    const now = performance.now();
    if (now - saidAt >= progressPace || trouble !== saidTrouble) {
      saidAt = now;
      saidTrouble = trouble;
      say({ kind: "progress", phase, bytesDone, bytesTotal, ...(trouble === "" ? {} : { trouble }) });
    }
  };
}

async function run(job: ImageJob): Promise<void> {
  const { user } = job;
  if (user !== undefined) {
    process.setgroups?.([]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  // Relative to this process' own folder: its user may not be allowed to pass through the folders above.
  const packed = "image";
  const room = diskShare(job.limits.diskBytes);
  const received = await imageReceive(job, { path: packed, room }, progress("fetching"));
  const unpacked = await imageUnpack(job, { path: packed, bytes: received.bytes, room }, progress("unpacking"));
  say({ kind: "progress", phase: "looking", bytesDone: 0, bytesTotal: 0 });
  await using file = await open(unpacked.path, "r");
  const inspected = await imageInspect(unpacked.path, unpacked.bytes, (length, at) => readAt(file, length, at));
  const facts = {
    format: unpacked.format,
    compression: unpacked.packing,
    packedBytes: received.bytes,
    unpackedBytes: unpacked.bytes,
    ...inspected,
  };
  const { digest, signature } = received;
  say({
    kind: "learned",
    digest,
    facts,
    ...(signature === undefined ? {} : { signature: Buffer.from(signature).toString("base64") }),
  });
}

try {
  await run(JSON.parse(await text(process.stdin)) as ImageJob);
} catch (error) {
  say({ kind: "failed", ...imageFailure(error) });
}
