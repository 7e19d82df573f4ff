import { fromBinary } from "@bufbuild/protobuf";
import {
  ReportProgressRequestSchema,
  type ReportProgressRequest,
} from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { phaseNames } from "../../contract/words/phase.ts";
import { wordOf } from "../../contract/words/table.ts";
import { runNamed } from "./run-named.ts";
import type { ProgressEntry } from "../../database/queries/installation/progress.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** A call of ReportProgress, checked; the caller adds the key with which it came. */
export type DecodedProgress = Omit<ProgressEntry, "publicKey" | "run"> & { run?: Uint8Array };

/** Checks everything that could make the SQL statement fail. */
export function progressDecode(message: Buffer): DecodedProgress | Refusal {
  let request: ReportProgressRequest;
  try {
    request = fromBinary(ReportProgressRequestSchema, message);
  } catch {
    return invalid("the request is not a protobuf message");
  }
  const { generation, bytesDone, bytesTotal, detail, lastError, givesUpInSeconds } = request;
  const phase = wordOf(phaseNames, request.phase);
  const named = runNamed(request);
  if ("code" in named) {
    return named;
  }
  if (generation < 0n || bytesDone < 0n || bytesTotal < 0n) {
    return invalid("generation, bytes_done and bytes_total must not be negative");
  }
  if (phase === undefined) {
    return invalid(`phase ${request.phase} is unknown: expected 1 to 6`);
  }
  if (Buffer.byteLength(detail) > limits.detail || detail.includes("\0")) {
    return invalid(`detail must have at most ${limits.detail} bytes and no NUL bytes`);
  }
  if (Buffer.byteLength(lastError) > limits.detail || lastError.includes("\0")) {
    return invalid(`last_error must have at most ${limits.detail} bytes and no NUL bytes`);
  }
  if (givesUpInSeconds < 0) {
    return invalid(`gives_up_in_seconds is ${givesUpInSeconds}: expected 0 or more`);
  }
  return {
    machineId: named.machineId,
    generation,
    phase,
    bytesDone,
    bytesTotal,
    detail,
    lastError,
    givesUpInSeconds,
    ...(named.runId === undefined ? {} : { run: named.runId }),
  };
}
