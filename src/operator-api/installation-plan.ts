import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { BlockDevice } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { DiskSelector, ImageInstallation } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { InstallationPlanSchema, type InstallationPlan } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { diskSelect, diskSelectors, type DiskSelection } from "../contract/select-disk.ts";
import type { InstallationFacts } from "../database/queries/installation/installation.ts";

/** What an installation would do, or why it can't be done, going by the machine's latest hardware report. */
export type InstallationForesight =
  | { kind: "plan"; plan: InstallationPlan }
  /** It can't be said: accepted, and the agent checks. */
  | { kind: "unknown"; warning: string }
  | { kind: "refused"; reason: string };

/** Foretells an installation. Pure. The agent decides by what it finds, in the same way. */
export function installationForesee(image: ImageInstallation, facts: InstallationFacts): InstallationForesight {
  const { hardware, installed } = facts;
  if (hardware === undefined) {
    return {
      kind: "unknown",
      warning: "no agent has reported this machine's hardware yet: the disk selector is checked by the agent alone",
    };
  }
  const disks = reportedDisks(hardware.raw);
  if (disks === "unreadable" || disks === "silent") {
    const report = disks === "silent" ? "is empty and says nothing about disks" : "can't be read";
    return {
      kind: "unknown",
      warning: `this machine's hardware report ${report}: the disk selector is checked by the agent alone`,
    };
  }
  if (!selectorCheckable(image.rootDisk, disks)) {
    return {
      kind: "unknown",
      warning: "this machine's hardware report has no names of disks: the disk selector is checked by the agent alone",
    };
  }
  const selection = diskSelectReported(image.rootDisk, disks);
  if (selection.kind !== "one") {
    return { kind: "refused", reason: `image.root_disk: ${selection.message}` };
  }
  const { device } = selection.disk;
  if (image.sizeBytes > device.capacityBytes) {
    return {
      kind: "refused",
      reason:
        `image.size_bytes: the image takes ${image.sizeBytes} bytes, the disk ${device.name} has ` +
        `${device.capacityBytes}: choose a greater disk or a smaller image`,
    };
  }
  return {
    kind: "plan",
    plan: create(InstallationPlanSchema, {
      disk: {
        name: device.name,
        vendor: device.vendor,
        model: device.deviceModel,
        serialNumber: device.serialNumber,
        wwn: Uint8Array.from(device.wwn),
        capacityBytes: device.capacityBytes,
        selector: diskSelectors(device, disks)[0] ?? "",
      },
      imageSizeBytes: image.sizeBytes,
      hardwareReportedAt: timestampFromDate(hardware.at),
      ...(installed === undefined
        ? {}
        : {
            overwrites: {
              generation: installed.generation,
              digest: installed.digest ?? "",
              installedAt: timestampFromDate(installed.at),
            },
          }),
    }),
  };
}

/**
 * The disks of a stored hardware report; `silent` where its `report` is unset, `unreadable` where it is no message.
 */
export function reportedDisks(raw: Uint8Array): BlockDevice[] | "silent" | "unreadable" {
  try {
    const { report } = fromBinary(AgentHardwareReportSchema, raw);
    return report === undefined ? "silent" : report.blockDevice;
  } catch {
    // Whoever needs it says so; it is counted where the fleet's hardware is.
    return "unreadable";
  }
}

/** Why the selector means none of these disks; undefined where it means one, or where that can't be said. */
export function diskProblem(selector: DiskSelector | undefined, disks: readonly BlockDevice[]): string | undefined {
  if (!selectorCheckable(selector, disks)) {
    return undefined;
  }
  const selection = diskSelectReported(selector, disks);
  return selection.kind === "one" ? undefined : selection.message;
}

/** Agents of the original report neither the kernel's names of disks nor their paths. */
function selectorCheckable(selector: DiskSelector | undefined, disks: readonly BlockDevice[]): boolean {
  const byName = selector !== undefined && (selector.name !== "" || selector.byPath !== "");
  return !byName || disks.length === 0 || disks.some(({ name }) => name !== "");
}

function diskSelectReported(
  selector: DiskSelector | undefined,
  disks: readonly BlockDevice[],
): DiskSelection<{ device: BlockDevice }> {
  return diskSelect(
    disks.map((device) => ({ device })),
    selector,
  );
}
