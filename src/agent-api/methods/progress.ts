import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { handleUnaryCall } from "@grpc/grpc-js";
import {
  Phase as WirePhase,
  ReportProgressRequestSchema,
  ReportProgressResponseSchema,
  type ReportProgressRequest,
} from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId } from "../../database/ids.ts";
import { progressRecord, type Phase, type ProgressEntry } from "../../database/queries/installation/progress.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { AgentCalls } from "../agent-call.ts";
import { limits } from "../limits.ts";
import type { ProgressCoalesce } from "./progress-coalesce.ts";
import { invalid, otherWriter, unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import type { RefusalLog } from "../refusal-log.ts";

const phaseNames: Record<WirePhase, Phase | undefined> = {
  [WirePhase.UNSPECIFIED]: undefined,
  [WirePhase.SELECTING_DISK]: "selecting-disk",
  [WirePhase.WRITING]: "writing",
  [WirePhase.VERIFYING]: "verifying",
  [WirePhase.CONFIGURING]: "configuring",
  [WirePhase.BOOT_ENTRY]: "boot-entry",
  [WirePhase.REBOOTING]: "rebooting",
};

/** Makes the handler of AgentService.ReportProgress. */
export function progressHandler(deps: {
  calls: AgentCalls;
  database: Database;
  sessions: SessionHolder;
  coalesce: ProgressCoalesce;
  refusals: RefusalLog;
  metrics: Metrics;
  log: Logger;
}): handleUnaryCall<Buffer, Buffer> {
  const { calls, database, sessions, coalesce, refusals, metrics, log } = deps;
  return (call, respond) => {
    const peer = calls.peer(call.metadata);
    const refuse = (
      answer: "unauthenticated" | "invalid" | "unavailable",
      refusal: Refusal,
      machine?: string,
    ): void => {
      metrics.progressReports.inc({ answer });
      refusals.record("progress", peer, refusal.details, machine);
      respond(refusal);
    };
    const decoded = progressDecode(call.request);
    if ("code" in decoded) {
      refuse("invalid", decoded);
      return;
    }
    const entry = { ...decoded, publicKey: peer.key, run: decoded.run ?? peer.key };
    const accept = (cancelledGeneration: bigint): void => {
      metrics.progressReports.inc({ answer: "ok" });
      const response = create(ReportProgressResponseSchema, { cancelledGeneration });
      respond(null, Buffer.from(toBinary(ReportProgressResponseSchema, response)));
    };
    if (coalesce.keep(entry)) {
      accept(0n);
      return;
    }
    const session = sessions.current();
    if (session === undefined) {
      refuse("unavailable", unavailable, entry.machineId);
      return;
    }
    const recorded = coalesce.recording(entry);
    progressRecord(database, session, entry).then(
      (outcome) => {
        recorded(outcome.status === "ok" && outcome.cancelledGeneration === undefined);
        switch (outcome.status) {
          case "unauthenticated":
            refuse("unauthenticated", unauthenticated, entry.machineId);
            return;
          case "other-writer":
            metrics.agentDuplicates.inc({ seen: "writing" });
            refuse("unavailable", otherWriter(outcome.retryAfter), entry.machineId);
            return;
          case "ok":
            accept(outcome.cancelledGeneration ?? 0n);
        }
      },
      (error: unknown) => {
        recorded(false);
        if (!(error instanceof DatabaseError)) {
          log.error({ machine: entry.machineId, error: describeError(error) }, "progress could not be recorded");
        }
        refuse("unavailable", unavailable, entry.machineId);
      },
    );
  };
}

type DecodedProgress = Omit<ProgressEntry, "publicKey" | "run"> & { run?: Uint8Array };

/** Checks everything that could make the SQL statement fail. */
export function progressDecode(message: Buffer): DecodedProgress | Refusal {
  let request: ReportProgressRequest;
  try {
    request = fromBinary(ReportProgressRequestSchema, message);
  } catch {
    return invalid("the request is not a protobuf message");
  }
  const { generation, bytesDone, bytesTotal, detail, runId, lastError, givesUpInSeconds } = request;
  const phase = phaseNames[request.phase];
  if (!isUuid(request.machineId)) {
    return invalid("machine_id invalid");
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
  if (runId.length !== 0 && runId.length !== limits.runId) {
    return invalid(`run_id has ${runId.length} bytes: expected ${limits.runId}, or none`);
  }
  return {
    machineId: machineId(request.machineId),
    generation,
    phase,
    bytesDone,
    bytesTotal,
    detail,
    lastError,
    givesUpInSeconds,
    ...(runId.length === 0 ? {} : { run: runId }),
  };
}
