import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { access, chown, constants, mkdir, rm, statfs } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Logger } from "../lib/log.ts";
import { systemUser } from "../lib/host/system-user.ts";
import { CatalogueError } from "./errors.ts";
import { imageJobLine, type ImageJob, type ImageJobLine } from "./child/image-job.ts";
import type { ImageRoom } from "./image-room.ts";
import type { LearnedFacts } from "./look/image-facts.ts";

/** What one process may use. */
export interface ImageProcessLimits {
  /** Milliseconds from its start to its end. */
  time: number;
  /** Bytes of its own memory. */
  memory: number;
  /** Seconds of processor time. */
  processorSeconds: number;
}

/**
 * A day for an image that comes at the least rate that is taken for progress; unpacking 64 GiB takes minutes. Node needs some
 * 200 MB, xz for the strongest compression 700 MB.
 */
export const imageProcessLimits: ImageProcessLimits = {
  time: 24 * 3600 * 1000,
  memory: 2 * 2 ** 30,
  processorSeconds: 4 * 3600,
};

/** An image that was fetched and looked into; the file is deleted when it is disposed of. */
export interface FetchedImage extends AsyncDisposable {
  digest: string;
  facts: LearnedFacts;
  /** The signature that was fetched from beside the image. */
  signature?: Uint8Array;
  /** The file as it was fetched. */
  file: string;
}

/** The user that the process becomes when root starts it. */
const userName = "farrier-image";
/** Characters of its standard error that are kept. */
const errorMost = 2_000;
/** Milliseconds between being asked to end and being killed. */
const endLimit = 2_000;
const child = fileURLToPath(
  new URL(`child/image-child.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url),
);

/**
 * Fetches an image and looks into it, in a process of its own with limits on memory, time and the size of files. Whatever
 * happens in it, this process goes on.
 * @throws {CatalogueError}; the signal's reason
 */
export async function imageProcess(
  { room, ...job }: Omit<ImageJob, "user" | "limits"> & { room: ImageRoom },
  options: {
    /** A folder for this image alone: emptied before, and deleted afterwards. */
    directory: string;
    limits: ImageProcessLimits;
    /** Path of prlimit(1). */
    prlimit?: string;
    progress: (line: Extract<ImageJobLine, { kind: "progress" }>) => void;
    log: Logger;
    signal: AbortSignal;
  },
): Promise<FetchedImage> {
  const { log, signal, directory } = options;
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const user =
    process.geteuid?.() === 0 ? await systemUser(userName, () => log.info({ user: userName }, "user made")) : undefined;
  if (user !== undefined) {
    await chown(directory, user.uid, user.gid);
  } else if (process.geteuid?.() === 0) {
    log.warn({ user: userName }, "images are looked into as root, because there is no user for it");
  }
  const { diskShare, ...most } = room;
  const { bavail, bsize } = await statfs(directory);
  const limits = { ...most, diskBytes: Math.floor(bavail * bsize * diskShare) };
  const learned = await outcomeOf({ ...job, limits, ...(user === undefined ? {} : { user }) }, options);
  const release = stack.move();
  return {
    digest: learned.digest,
    facts: learned.facts,
    ...(learned.signature === undefined ? {} : { signature: Buffer.from(learned.signature, "base64") }),
    file: join(directory, "image"),
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

type Learned = Extract<ImageJobLine, { kind: "learned" }>;

async function outcomeOf(job: ImageJob, options: Parameters<typeof imageProcess>[1]): Promise<Learned> {
  const { directory, limits, progress, signal } = options;
  const [program = "", ...args] = await commandLine(job, limits, options);
  const running = spawn(program, args, {
    // Nothing of this process' environment: it may have the database's password in it.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TMPDIR: "." },
    stdio: ["pipe", "pipe", "pipe"],
    cwd: directory,
    // A process group of its own, so that the programs that it calls end with it.
    detached: true,
  });
  let late = false;
  let error = "";
  let outcome: Exclude<ImageJobLine, { kind: "progress" }> | undefined;
  const end = (): void => groupEnd(running.pid);
  running.once("exit", end);
  const timer = setTimeout(() => {
    late = true;
    end();
  }, limits.time);
  signal.addEventListener("abort", end, { once: true });
  running.stdin.on("error", () => {
    // It ended before it read its job; its exit says so.
  });
  running.stdin.end(JSON.stringify(job));
  running.stderr.setEncoding("utf8").on("data", (text: string) => {
    error = (error + text).slice(-errorMost);
  });
  const lines = createInterface({ input: running.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (text) => {
    const line = imageJobLine(text);
    if (line?.kind === "progress") {
      progress(line);
    } else if (line !== undefined) {
      outcome = line;
      // It has nothing left to do, and is not waited for longer than this.
      setTimeout(end, endLimit).unref();
    }
  });
  const ended = await new Promise<string>((resolve) => {
    running.once("error", (cause) => resolve(cause.message));
    running.once("close", (status, by) => resolve(by === null ? `status ${status ?? 0}` : by));
  });
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
  if (late) {
    throw new CatalogueError("too_large", `it was not fetched and looked into within ${limits.time / 1000} s`);
  }
  if (outcome?.kind === "learned") {
    return outcome;
  }
  if (outcome?.kind === "failed") {
    throw new CatalogueError(outcome.code, outcome.message);
  }
  const memory = /heap out of memory|Cannot allocate memory|ENOMEM|RangeError: Array buffer allocation/u.test(error);
  throw new CatalogueError(
    memory || ended === "SIGXCPU" || ended === "SIGXFSZ" ? "too_large" : "broken_off",
    memory
      ? `looking into it takes more memory than the ${limits.memory} bytes that are allowed`
      : ended === "SIGXCPU"
        ? `looking into it takes more than the ${limits.processorSeconds} s of processor time that are allowed`
        : `the process that looked into it ended by itself (${ended})`,
    { cause: new Error(error) },
  );
}

/** Node with the child's code, by prlimit(1) where it is at hand. */
async function commandLine(
  job: ImageJob,
  limits: ImageProcessLimits,
  { log, prlimit = "/usr/bin/prlimit" }: { log: Logger; prlimit?: string },
): Promise<string[]> {
  const node = [
    process.execPath,
    `--max-old-space-size=${Math.max(64, Math.floor(limits.memory / 4 / (1 << 20)))}`,
    "--disable-proto=delete",
    child,
  ];
  const usable = await access(prlimit, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!usable) {
    log.warn(
      { program: prlimit },
      "an image is looked into without limits on memory, processor time and files: prlimit is not on this host (Debian: util-linux)",
    );
  }
  return usable
    ? [
        prlimit,
        `--fsize=${Math.max(job.limits.packedBytes, job.limits.unpackedBytes)}`,
        `--data=${limits.memory}`,
        `--cpu=${limits.processorSeconds}`,
        "--nofile=256",
        "--core=0",
        "--",
        ...node,
      ]
    : node;
}

/** Ends a process with all that it has started. */
function groupEnd(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
