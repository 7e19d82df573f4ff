import { create, toBinary } from "@bufbuild/protobuf";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { ReportLogResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { agentLogKeep } from "../../database/queries/agent/agent-log.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { addressLimit } from "../../lib/net/address-limit.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { AgentCalls } from "../agent-call.ts";
import { limits } from "../limits.ts";
import { logDecode } from "./log-decode.ts";
import { overloaded, unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import type { RefusalLog } from "../refusal-log.ts";

/**
 * Agents collect their lines before sending. If a whole fleet logs at once, it must not take the database from
 * heartbeats.
 */
const perKey = { perSecond: 1, burst: 20 };
const together = { perSecond: 100, burst: 500 };
/** Maximum number of calls waiting for the database; further callers are asked to come back. */
const underWayLimit = 16;

const kept = Buffer.from(toBinary(ReportLogResponseSchema, create(ReportLogResponseSchema)));

/** Makes the handler of AgentService.ReportLog. */
export function logHandler(deps: {
  calls: AgentCalls;
  database: Database;
  sessions: SessionHolder;
  refusals: RefusalLog;
  metrics: Metrics;
  log: Logger;
  clock: Clock;
}): handleUnaryCall<Buffer, Buffer> {
  const { calls, database, sessions, refusals, metrics, log, clock } = deps;
  const limit = addressLimit({ clock, perAddress: perKey, together, addresses: limits.logKeys });
  let underWay = 0;
  return (call, respond) => {
    const peer = calls.peer(call.metadata);
    const refuse = (
      answer: "unauthenticated" | "invalid" | "unavailable" | "limited",
      refusal: Refusal,
      machine?: string,
    ): void => {
      metrics.agentLogs.inc({ answer });
      refusals.record("log", peer, answer === "limited" ? "too many calls of ReportLog" : refusal.details, machine);
      respond(refusal);
    };
    const decoded = logDecode(call.request);
    if ("code" in decoded) {
      refuse("invalid", decoded);
      return;
    }
    if (underWay >= underWayLimit || !limit.allow(Buffer.from(peer.key).toString("hex"))) {
      refuse("limited", overloaded(), decoded.machineId);
      return;
    }
    const session = sessions.current();
    if (session === undefined) {
      refuse("unavailable", unavailable, decoded.machineId);
      return;
    }
    underWay += 1;
    agentLogKeep(database, session, { ...decoded, publicKey: peer.key, run: decoded.run ?? peer.key })
      .then(
        (outcome) => {
          switch (outcome) {
            case "kept":
              metrics.agentLogs.inc({ answer: "ok" });
              respond(null, kept);
              return;
            case "unauthenticated":
              refuse("unauthenticated", unauthenticated, decoded.machineId);
              return;
            case "session_lost":
              refuse("unavailable", unavailable, decoded.machineId);
          }
        },
        (error: unknown) => {
          if (!(error instanceof DatabaseError)) {
            log.error({ machine: decoded.machineId, error: describeError(error) }, "an agent's log could not be kept");
          }
          refuse("unavailable", unavailable, decoded.machineId);
        },
      )
      .finally(() => {
        underWay -= 1;
      });
  };
}
