import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ReportLogRequestSchema, type ReportLogRequest } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { MachineLogLineSchema, type MachineLogLine } from "../../../gen/farrier/operator/v1/machine_log_pb.ts";
import type { AgentLogRecord } from "../../database/queries/agent/agent-log.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";

/** The log lines of one call. Lines that can't be parsed any more are skipped: they were checked when they came. */
export function agentLogLines(record: AgentLogRecord): MachineLogLine[] {
  const request = decode(record.raw);
  const run = Buffer.from(record.run).toString("hex").slice(0, 16);
  return (request?.lines ?? []).map((line, index) =>
    create(MachineLogLineSchema, {
      at: timestampFromMs(Number(line.atMs)),
      receivedAt: timestampFromDate(record.loggedAt),
      level: line.level,
      text: withoutUrlSecrets(line.text),
      run,
      droppedBefore: index === 0 ? (request?.dropped ?? 0n) : 0n,
    }),
  );
}

function decode(raw: Uint8Array): ReportLogRequest | undefined {
  try {
    return fromBinary(ReportLogRequestSchema, raw);
  } catch {
    return undefined;
  }
}
