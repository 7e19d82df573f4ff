import { fromBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { HeartbeatEntry } from "../../database/heartbeat/heartbeat-entry.ts";
import { hardwareFingerprint } from "./hardware-fingerprint.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** Checks a hardware report; its bytes stay as they were sent. */
export function hardwareDecode(raw: Buffer): NonNullable<HeartbeatEntry["hardware"]> | Refusal {
  if (raw.length > limits.hardwareReport) {
    return invalid(`hardware_report has ${raw.length} bytes: at most ${limits.hardwareReport} are accepted`);
  }
  try {
    const report = fromBinary(AgentHardwareReportSchema, raw);
    if (report.warning.length > limits.warnings) {
      return invalid(
        `hardware_report.warning has ${report.warning.length} entries: at most ${limits.warnings} are accepted`,
      );
    }
    return { raw, fingerprint: hardwareFingerprint(report) };
  } catch {
    return invalid("hardware_report is not a message of its type");
  }
}
