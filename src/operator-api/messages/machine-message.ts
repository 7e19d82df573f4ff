import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  InstallationState,
  MachineSchema,
  type InstallationSchema,
  type Machine,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import { installationResultValues } from "../../contract/words/installation-state.ts";
import { phaseValues } from "../../contract/words/phase.ts";
import { sshTargetText } from "../../contract/ssh-target.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import type { InstallationRecord, MachineRecord } from "../../database/queries/views/machine-record.ts";
import { imageShown, requestFiles } from "./image-shown.ts";
import { recordOpened } from "./record-opened.ts";
import { requestedImage } from "./requested-image.ts";
import { bootWindowMessage } from "./boot-window-message.ts";
import { cameUpMessage } from "./came-up-message.ts";
import { progressExpectedAt } from "./progress-expected.ts";
import { failureOf } from "./failure-of.ts";
import { healthMessage, powerMessage } from "./health-message.ts";
import { standingMessage } from "./state-message.ts";
import { defined } from "../../lib/defined.ts";

/** A machine in the operator API. */
export function machineMessage(stored: MachineRecord, secrets: KeyRing): Machine {
  const record = recordOpened(secrets, stored);
  const { provided, agent, installation, installed, unfinishedDisk } = record;
  const { quarantine, hardwareReportedAt, identity, bootWindow, ssh, power, health, cameUp } = record;
  return create(MachineSchema, {
    id: record.machineId,
    name: record.name ?? "",
    labels: record.labels,
    createdAt: timestampFromDate(record.createdAt),
    lastGeneration: record.lastGeneration,
    standing: standingMessage(record),
    work: record.work.map((work) => ({
      process: work.process,
      sessionId: work.sessionId,
      startedAt: timestampFromDate(work.startedAt),
      sessionDeadline: timestampFromDate(work.deadline),
      runtimeInfo: work.runtimeInfo,
    })),
    backoff: record.backoffs.map(({ process, until, cause }) => ({
      process,
      until: timestampFromDate(until),
      cause: withoutUrlSecrets(cause),
    })),
    smbiosUuid: identity.smbiosUuid ?? "",
    macs: [...identity.macs],
    networkConfig: record.networkConfig ?? "",
    ...(ssh === undefined
      ? {}
      : {
          ssh: {
            target: sshTargetText(ssh),
            credential: ssh.credential,
            hostKey: ssh.hostKey ?? "",
            acceptNew: ssh.hostKey === undefined,
          },
        }),
    ...(bootWindow === undefined ? {} : { bootWindow: bootWindowMessage(bootWindow) }),
    ...defined({ provided }),
    ...(cameUp === undefined ? {} : { cameUp: cameUpMessage(cameUp) }),
    ...(power === undefined ? {} : { power: powerMessage(power) }),
    ...(health === undefined ? {} : { health: healthMessage(health) }),
    ...(hardwareReportedAt === undefined ? {} : { hardwareReportedAt: timestampFromDate(hardwareReportedAt) }),
    ...(quarantine === undefined
      ? {}
      : {
          quarantine: {
            reason: quarantine.reason,
            quarantinedBy: quarantine.by,
            quarantinedAt: timestampFromDate(quarantine.at),
          },
        }),
    ...(agent === undefined
      ? {}
      : {
          agent: {
            startedAt: timestampFromDate(agent.startedAt),
            publicKey: Uint8Array.from(agent.publicKey),
            ...(agent.heartbeatAt === undefined ? {} : { heartbeatAt: timestampFromDate(agent.heartbeatAt) }),
            features: agent.features ?? [],
            ...(agent.duplicateAt === undefined ? {} : { duplicateAt: timestampFromDate(agent.duplicateAt) }),
          },
        }),
    ...(installation === undefined ? {} : { installation: installationMessage(installation) }),
    ...(unfinishedDisk === undefined
      ? {}
      : {
          unfinishedDisk: {
            generation: unfinishedDisk.generation,
            begunAt: timestampFromDate(unfinishedDisk.begunAt),
          },
        }),
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

/** A machine's newest request in the operator API. */
export function installationMessage(installation: InstallationRecord): MessageInitShape<typeof InstallationSchema> {
  const { final, progress, retry } = installation;
  const image = requestedImage(installation.requestRaw);
  const expectedAt = progress === undefined ? undefined : progressExpectedAt(progress);
  return {
    generation: installation.generation,
    state:
      installation.pending || final === undefined ? InstallationState.PENDING : installationResultValues[final.result],
    requestedAt: timestampFromDate(installation.requestedAt),
    ...(image === undefined ? {} : { image: imageShown(image), files: requestFiles(image) }),
    ...(progress === undefined
      ? {}
      : {
          progress: {
            phase: phaseValues[progress.phase],
            bytesDone: progress.bytesDone,
            bytesTotal: progress.bytesTotal,
            detail: withoutUrlSecrets(progress.detail),
            updatedAt: timestampFromDate(progress.at),
            lastError: withoutUrlSecrets(progress.lastError ?? ""),
            ...(progress.givesUpAt === undefined ? {} : { givesUpAt: timestampFromDate(progress.givesUpAt) }),
            bytesPerSecond: progress.bytesPerSecond ?? 0,
            ...(expectedAt === undefined ? {} : { expectedAt: timestampFromDate(expectedAt) }),
          },
          ...(progress.writingSince === undefined ? {} : { writingSince: timestampFromDate(progress.writingSince) }),
        }),
    ...(retry === undefined
      ? {}
      : {
          retry: {
            attempts: retry.attempts,
            attemptsLeft: retry.attemptsLeft,
            ...(retry.nextAt === undefined ? {} : { nextAt: timestampFromDate(retry.nextAt) }),
          },
        }),
    ...(final === undefined
      ? {}
      : { finishedAt: timestampFromDate(final.at), error: withoutUrlSecrets(final.error ?? "") }),
    failureCause: failureOf(final) ?? "",
  };
}
