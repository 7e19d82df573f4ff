import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { BlockDevice } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { DiskSelector, ImageInstallation } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { InstallationPlanSchema, type InstallationPlan } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { diskSelect, diskSelectors, type DiskSelection } from "../contract/select-disk.ts";
import type { InstallationFacts } from "../database/queries/installation/installation-facts.ts";

/** What an installation would do, or why it is impossible, according to the machine's latest hardware report. */
export type InstallationForesight =
  | { kind: "plan"; plan: InstallationPlan }
  /** Unknown: the request is accepted, and the agent checks. */
  | { kind: "unknown"; warning: string }
  | { kind: "refused"; reason: string };

/**
 * Foresees an installation from the hardware report. Pure. The agent decides from its real disks, by the same rules.
 */
export function installationForesee(image: ImageInstallation, facts: InstallationFacts): InstallationForesight {
  const { hardware, installed } = facts;
  if (hardware === undefined) {
    return {
      kind: "unknown",
      warning: "no agent has reported this machine's hardware yet: only the agent checks the disk selector",
    };
  }
  const disks = reportedDisks(hardware.raw);
  if (disks === "unreadable" || disks === "silent") {
    const report = disks === "silent" ? "is empty" : "can't be read";
    return {
      kind: "unknown",
      warning: `this machine's hardware report ${report}: only the agent checks the disk selector`,
    };
  }
  if (!selectorCheckable(image.rootDisk, disks)) {
    return {
      kind: "unknown",
      warning: "this machine's hardware report has no names of disks: only the agent checks the disk selector",
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
        `${device.capacityBytes}: choose a larger disk or a smaller image`,
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

/** The disks of a stored hardware report; `silent` if its `report` is unset, `unreadable` if it can't be parsed. */
export function reportedDisks(raw: Uint8Array): BlockDevice[] | "silent" | "unreadable" {
  try {
    const { report } = fromBinary(AgentHardwareReportSchema, raw);
    return report === undefined ? "silent" : report.blockDevice;
  } catch {
    // The caller reports it; the fleet's hardware statistics count it.
    return "unreadable";
  }
}

/** Why the selector matches none of these disks; undefined if it matches one, or if that is unknown. */
export function diskProblem(selector: DiskSelector | undefined, disks: readonly BlockDevice[]): string | undefined {
  if (!selectorCheckable(selector, disks)) {
    return undefined;
  }
  const selection = diskSelectReported(selector, disks);
  return selection.kind === "one" ? undefined : selection.message;
}

/** Agents of the original system report neither kernel names nor paths of disks. */
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
