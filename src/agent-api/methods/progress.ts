import { create, toBinary } from "@bufbuild/protobuf";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { ReportProgressResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { progressRecord } from "../../database/queries/installation/progress.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { AgentCalls } from "../agent-call.ts";
import type { RefusalLog } from "../refusal-log.ts";
import { otherWriter, unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import type { ProgressCoalesce } from "./progress-coalesce.ts";
import { progressDecode } from "./progress-decode.ts";

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
