import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { Phase } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { ImageInstallation } from "../../gen/farrier/agent/v1/image_pb.ts";
import {
  InstallationState,
  MachineSchema,
  type InstallationSchema,
  type Machine,
} from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { InstallationResult, MachineRecord } from "../database/queries/machine.ts";

const states: Record<InstallationResult, InstallationState> = {
  success: InstallationState.SUCCEEDED,
  error: InstallationState.FAILED,
  cancelled: InstallationState.CANCELLED,
};

/** As the table's CHECK spells them. */
const phases: Readonly<Record<string, Phase>> = {
  "selecting-disk": Phase.SELECTING_DISK,
  writing: Phase.WRITING,
  verifying: Phase.VERIFYING,
  configuring: Phase.CONFIGURING,
  "boot-entry": Phase.BOOT_ENTRY,
  rebooting: Phase.REBOOTING,
};

/** A machine as operators see it. */
export function machineMessage(record: MachineRecord): Machine {
  const { provided, agent, installation, installed } = record;
  return create(MachineSchema, {
    id: record.machineId,
    name: record.name ?? "",
    labels: record.labels,
    createdAt: timestampFromDate(record.createdAt),
    lastGeneration: record.lastGeneration,
    ...(provided === undefined ? {} : { provided }),
    ...(agent === undefined
      ? {}
      : {
          agent: {
            startedAt: timestampFromDate(agent.startedAt),
            publicKey: Uint8Array.from(agent.publicKey),
            ...(agent.heartbeatAt === undefined ? {} : { heartbeatAt: timestampFromDate(agent.heartbeatAt) }),
          },
        }),
    ...(installation === undefined ? {} : { installation: installationMessage(installation) }),
    ...(installed === undefined
      ? {}
      : {
          installed: {
            generation: installed.generation,
            digest: installed.digest ?? "",
            installedAt: timestampFromDate(installed.at),
          },
        }),
  });
}

function installationMessage(
  installation: NonNullable<MachineRecord["installation"]>,
): MessageInitShape<typeof InstallationSchema> {
  const { final, progress } = installation;
  const image = requestedImage(installation.requestRaw);
  return {
    generation: installation.generation,
    state: installation.pending || final === undefined ? InstallationState.PENDING : states[final.result],
    requestedAt: timestampFromDate(installation.requestedAt),
    ...(image === undefined ? {} : { image }),
    ...(progress === undefined
      ? {}
      : {
          progress: {
            phase: phases[progress.phase] ?? Phase.UNSPECIFIED,
            bytesDone: progress.bytesDone,
            bytesTotal: progress.bytesTotal,
            detail: progress.detail,
            updatedAt: timestampFromDate(progress.at),
          },
        }),
    ...(final === undefined ? {} : { finishedAt: timestampFromDate(final.at), error: final.error ?? "" }),
  };
}

function requestedImage(raw: Uint8Array): ImageInstallation | undefined {
  try {
    const { type } = fromBinary(OSInstallationRequestSchema, raw);
    return type.case === "image" ? type.value : undefined;
  } catch {
    // A stored request that can't be read is reported where it is handed out; everything else is shown all the same.
    return undefined;
  }
}
