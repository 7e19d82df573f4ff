import { fromBinary } from "@bufbuild/protobuf";
import { ReportLogRequestSchema, type ReportLogRequest } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { runNamed } from "./run-named.ts";
import type { AgentLogEntry } from "../../database/queries/agent/agent-log.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** A checked call of ReportLog; the caller adds the connection's key. */
export type DecodedLog = Omit<AgentLogEntry, "publicKey" | "run"> & { run?: Uint8Array };

// The maximum of google.protobuf.Timestamp: the end of the year 9999.
const latestTime = 253_402_300_799_999n;

/** Checks everything that could make the SQL statement, or a later reader, fail. */
export function logDecode(message: Buffer): DecodedLog | Refusal {
  if (message.length > limits.log) {
    return invalid(`the request has ${message.length} bytes: at most ${limits.log} are accepted`);
  }
  let request: ReportLogRequest;
  try {
    request = fromBinary(ReportLogRequestSchema, message);
  } catch {
    return invalid("the request is not a protobuf message");
  }
  const { sequence, lines, dropped } = request;
  const named = runNamed(request);
  if ("code" in named) {
    return named;
  }
  if (sequence < 0n || dropped < 0n) {
    return invalid("sequence and dropped must not be negative");
  }
  if (lines.length === 0 || lines.length > limits.logLines) {
    return invalid(`lines has ${lines.length} entries: expected 1 to ${limits.logLines}`);
  }
  for (const { atMs, text } of lines) {
    if (Buffer.byteLength(text) > limits.logText || text.includes("\0")) {
      return invalid(`lines.text must have at most ${limits.logText} bytes and no NUL bytes`);
    }
    if (atMs < 0n || atMs > latestTime) {
      return invalid(`lines.at_ms is ${atMs}: expected milliseconds from 0 to ${latestTime}`);
    }
  }
  return {
    machineId: named.machineId,
    sequence,
    lines: lines.length,
    raw: message,
    ...(named.runId === undefined ? {} : { run: named.runId }),
  };
}
