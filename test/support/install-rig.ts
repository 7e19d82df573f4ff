import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { BlockDeviceSchema } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ReportProgressResponseSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { DiskSelectorSchema, ImageInstallationSchema } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import type { DiskSource } from "../../src/agent/disk/disks.ts";
import { fileDisks } from "../../src/agent/disk/disks.ts";
import type { FetchLimits } from "../../src/agent/install/fetch/http-answer.ts";
import { programEnvironment } from "../../src/agent/disk/program.ts";
import { runInstallation } from "../../src/agent/install/run-installation.ts";
import type { InstallationContext } from "../../src/agent/install/run-context.ts";
import type { InstallationEnd } from "../../src/agent/installer.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { RecordingLog } from "./recording-log.ts";
import { recordingLog } from "./recording-log.ts";

/** A request's fields that a test sets; the others name this rig's image and disk. */
export type ImageFields = MessageInitShape<typeof ImageInstallationSchema>;

/** An image server, one disk, and the installer between them; the control plane agrees to everything. */
export interface InstallRig extends AsyncDisposable {
  folder: string;
  machineId: string;
  /** The disk: a file, or a loop device on one. */
  disk: string;
  url: string;
  /** The disk as the installer finds it; nothing says that it is in use. */
  disks: DiskSource;
  /** Answers the image server's requests. */
  serve: RequestListener;
  /** Phases as they were told. */
  phases: Phase[];
  /** What the agent logged. */
  logged: RecordingLog;
  /** Serves `bytes` as they are; `ranges`: and parts of them (RFC 9110, 14). */
  serveBytes(bytes: Buffer, options?: { ranges?: boolean }): void;
  /** One installation, of the bytes that `serveBytes` got. */
  install(
    fields?: ImageFields,
    options?: { signal?: AbortSignal; limits?: Partial<FetchLimits>; disks?: DiskSource; uefi?: boolean },
  ): Promise<InstallationEnd>;
  read(position: number, length: number): Promise<Buffer>;
  onProgress: InstallationContext["controlPlane"]["reportProgress"];
}

/** Limits that fail soon. */
export const quickLimits: FetchLimits = {
  answer: 2000,
  idle: 2000,
  notice: 1000,
  rateWindow: 2000,
  lowestRate: 100,
  redirects: 5,
  tries: 3,
  pause: 10,
  longestPause: 50,
};

/** sha256:<hex> */
export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Runs a program of the host, as root's path has it; the answer is what it printed. */
export async function hostProgram(name: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(name, args, { env: programEnvironment(), maxBuffer: 64 << 20 })).stdout;
}

/** Whether programs of the host are there: the missing ones. */
export async function programsMissing(...names: string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map((name) =>
      hostProgram("which", name).then(
        () => [],
        () => [name],
      ),
    ),
  );
  return found.flat();
}

/** Whether loop devices can be made here: by root, where the kernel has them. */
export async function loopDevices(): Promise<boolean> {
  return hostProgram("losetup", "--find").then(
    () => process.getuid?.() === 0,
    () => false,
  );
}

/** @param options `loop`: the disk is a block device, which only root can make */
export async function installRig(options: {
  diskBytes: number;
  loop?: boolean;
  diskFile?: string;
}): Promise<InstallRig> {
  const folder = await mkdtemp(join(tmpdir(), "install-"));
  const file = options.diskFile ?? join(folder, "disk0");
  if (options.diskFile === undefined) {
    await writeFile(file, "");
    await truncate(file, options.diskBytes);
  }
  const loop = options.loop === true ? (await hostProgram("losetup", "--find", "--show", file)).trim() : undefined;
  const server = createServer((request, response) => rig.serve(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let digest = "";
  let generation = 0n;
  const rig: InstallRig = {
    folder,
    machineId: "4b7b6f2e-3f0c-4c53-9a3c-0d8f6f1f2a11",
    disk: loop ?? file,
    disks: loop === undefined ? fileDisks(folder) : loopDisk(loop, options.diskBytes),
    url: `http://127.0.0.1:${port}/image`,
    serve: (_request, response) => void response.writeHead(404).end(),
    phases: [],
    logged: recordingLog(),
    onProgress: () => Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) }),
    serveBytes: (bytes, { ranges = false } = {}) => {
      digest = digestOf(bytes);
      rig.serve = (request, response) => {
        const from = Number(/^bytes=(?<from>\d+)-$/u.exec(request.headers.range ?? "")?.groups?.["from"] ?? Number.NaN);
        if (ranges) {
          response.setHeader("accept-ranges", "bytes");
        }
        if (ranges && from < bytes.length) {
          response.writeHead(206, { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
          response.end(bytes.subarray(from));
        } else {
          response.end(bytes);
        }
      };
    },
    install: (fields = {}, { signal = new AbortController().signal, limits = {}, disks, uefi } = {}) => {
      generation += 1n;
      const rootDisk = create(DiskSelectorSchema, { serialNumber: "disk0" });
      const value = create(ImageInstallationSchema, {
        url: rig.url,
        digest,
        rootDisk,
        ...fields,
      });
      const request = create(OSInstallationRequestSchema, { generation, type: { case: "image", value } });
      const context: InstallationContext = {
        machineId: rig.machineId,
        runId: new Uint8Array(16),
        controlPlane: {
          reportProgress: (message, aborted) => {
            if (rig.phases.at(-1) !== message.phase) {
              rig.phases.push(message.phase);
            }
            return rig.onProgress(message, aborted);
          },
        },
        disks: disks ?? rig.disks,
        clock: systemClock,
        log: rig.logged.log,
        ...(uefi === undefined ? {} : { bootsByUefi: () => Promise.resolve(uefi) }),
        limits: { ...quickLimits, ...limits },
      };
      return runInstallation(request, context, signal);
    },
    read: async (position, length) => {
      await using handle = await open(rig.disk, "r");
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (loop !== undefined) {
        await hostProgram("losetup", "--detach", loop);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  return rig;
}

function loopDisk(path: string, bytes: number): DiskSource {
  const device = create(BlockDeviceSchema, {
    name: path.replace("/dev/", ""),
    serialNumber: "disk0",
    capacityBytes: BigInt(bytes),
    logicalBlockSizeBytes: 512,
  });
  return { list: () => Promise.resolve([{ device, path, kind: "block" }]), use: () => Promise.resolve(undefined) };
}
