import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { HeartbeatEntry, InstallationReport } from "../../database/heartbeat/heartbeat-entry.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId } from "../../database/ids.ts";
import { featuresDecode } from "./features-decode.ts";
import { hardwareDecode } from "./hardware-decode.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";
import { wireCursor, wireMerged } from "../wire.ts";

/** Field numbers of AgentHeartbeatRequest. */
const field = {
  machineId: 1,
  hardwareReport: 2,
  installationReport: 3,
  runId: 100,
  endedRunId: 101,
  feature: 102,
} as const;

/** A checked heartbeat; the caller adds the connection's key. */
export type DecodedHeartbeat = Omit<HeartbeatEntry, "publicKey">;

/**
 * Decodes a heartbeat and checks everything that could make the SQL statement fail. Its reports keep their bytes as
 * sent, including fields unknown to this server.
 */
export function heartbeatDecode(message: Buffer): DecodedHeartbeat | Refusal {
  const parts = heartbeatParts(message);
  if (parts === undefined) {
    return invalid("the request is not a protobuf message");
  }
  const id = parts.machineId.toString("latin1");
  if (!isUuid(id)) {
    return invalid("machine_id invalid");
  }
  if (parts.runId !== undefined && parts.runId.length !== 0 && parts.runId.length !== limits.runId) {
    return invalid(`run_id has ${parts.runId.length} bytes: expected ${limits.runId}, or none`);
  }
  const heartbeat: DecodedHeartbeat = { machineId: machineId(id) };
  if (parts.runId !== undefined && parts.runId.length !== 0) {
    heartbeat.runId = parts.runId;
  }
  if (parts.endedRunId !== undefined && parts.endedRunId.length !== 0) {
    if (parts.endedRunId.length !== limits.runId) {
      return invalid(`ended_run_id has ${parts.endedRunId.length} bytes: expected ${limits.runId}, or none`);
    }
    if (heartbeat.runId !== undefined && parts.endedRunId.equals(heartbeat.runId)) {
      return invalid("ended_run_id is the caller's own run_id: expected an earlier run that has ended");
    }
    heartbeat.endedRunId = parts.endedRunId;
  }
  if (parts.features.length > 0) {
    const features = featuresDecode(parts.features.map((word) => word.toString("utf8")));
    if ("code" in features) {
      return features;
    }
    heartbeat.features = features;
  }
  if (parts.hardware !== undefined) {
    const hardware = hardwareDecode(parts.hardware);
    if ("code" in hardware) {
      return hardware;
    }
    heartbeat.hardware = hardware;
  }
  if (parts.report !== undefined) {
    const report = installationReportDecode(parts.report);
    if ("code" in report) {
      return report;
    }
    heartbeat.report = report;
  }
  return heartbeat;
}

interface HeartbeatParts {
  machineId: Buffer;
  hardware?: Buffer;
  report?: Buffer;
  runId?: Buffer;
  endedRunId?: Buffer;
  features: Buffer[];
}

function heartbeatParts(message: Buffer): HeartbeatParts | undefined {
  const parts: HeartbeatParts = { machineId: Buffer.alloc(0), features: [] };
  try {
    const cursor = wireCursor(message);
    while (cursor.next()) {
      if (cursor.number === field.machineId) {
        parts.machineId = message.subarray(cursor.from, cursor.to);
      } else if (cursor.number === field.runId) {
        parts.runId = message.subarray(cursor.from, cursor.to);
      } else if (cursor.number === field.endedRunId) {
        parts.endedRunId = message.subarray(cursor.from, cursor.to);
      } else if (cursor.number === field.feature && parts.features.length <= limits.features) {
        parts.features.push(message.subarray(cursor.from, cursor.to));
      }
    }
    const hardware = wireMerged(message, field.hardwareReport);
    const report = wireMerged(message, field.installationReport);
    return {
      ...parts,
      ...(hardware === undefined ? {} : { hardware }),
      ...(report === undefined ? {} : { report }),
    };
  } catch {
    // Whatever the bytes are, the answer is that they are not a message.
    return undefined;
  }
}

function installationReportDecode(raw: Buffer): InstallationReport | Refusal {
  let report;
  try {
    report = fromBinary(OSInstallationReportSchema, raw);
  } catch {
    return invalid("installation_report is not a message of its type");
  }
  if (report.generation < 0n) {
    return invalid(`installation_report.generation is ${report.generation}: expected 0 or more`);
  }
  const { length: runIdLength } = report.runId;
  if (runIdLength !== 0 && runIdLength !== limits.runId) {
    return invalid(`installation_report.run_id has ${runIdLength} bytes: expected ${limits.runId}, or none`);
  }
  const run = runIdLength === 0 ? {} : { runId: report.runId };
  // The first version of the contract has no result: if neither is set, it means success.
  if (report.result.case !== "error") {
    return { generation: report.generation, result: "success", raw, ...run };
  }
  const { error } = report.result.value;
  const length = Buffer.byteLength(error);
  if (length > limits.errorText) {
    return invalid(`installation_report.error.error has ${length} bytes: at most ${limits.errorText} are accepted`);
  }
  if (error.includes("\0")) {
    return invalid("installation_report.error.error has NUL bytes: expected text without");
  }
  return { generation: report.generation, result: "error", error, raw, ...run };
}
