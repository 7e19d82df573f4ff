// The agent's installer in its own process; the control plane accepts everything.
import { create } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ReportProgressResponseSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { DiskSelectorSchema, ImageInstallationSchema } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { fileDisks } from "../../src/agent/disk/disks.ts";
import { runInstallation } from "../../src/agent/install/run-installation.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { serve } from "./processes.ts";

/** One installation of `url` onto the file `disk` in `folder`. */
interface Order {
  url: string;
  digest: string;
  folder: string;
  disk: string;
}

// Without warnings: that the image can't boot is expected here.
const log = createLogger({ level: "error", component: "bench" });
let generation = 0n;

/** Milliseconds. */
async function install({ url, digest, folder, disk }: Order): Promise<number> {
  generation += 1n;
  const rootDisk = create(DiskSelectorSchema, { name: disk });
  const value = create(ImageInstallationSchema, { url, digest, rootDisk });
  const request = create(OSInstallationRequestSchema, { generation, type: { case: "image", value } });
  const begun = performance.now();
  const end = await runInstallation(
    request,
    {
      machineId: "00000000-0000-4000-8000-000000000000",
      runId: new Uint8Array(16),
      controlPlane: {
        reportProgress: () => Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) }),
      },
      disks: fileDisks(folder),
      clock: systemClock,
      log,
    },
    new AbortController().signal,
  );
  if (end.kind !== "success") {
    throw new Error(end.kind === "error" ? end.error : "the installation was broken off");
  }
  return performance.now() - begun;
}

serve(install, () => Promise.resolve());
