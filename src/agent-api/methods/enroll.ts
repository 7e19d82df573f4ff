import { create, toBinary } from "@bufbuild/protobuf";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { EnrollResponseSchema, EnrollState } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { keyStart } from "../../database/queries/agent/agent.ts";
import { agentEnroll, type EnrollmentOutcome } from "../../database/queries/enrollment/enrollment.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { addressLimit } from "../../lib/net/address-limit.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { AgentCalls, HeadersGate } from "../agent-call.ts";
import { addressOf } from "../listener/caller-address.ts";
import { enrollDecode } from "./enroll-decode.ts";
import { overloaded, unavailable, type Refusal } from "../refusal.ts";
import type { RefusalLog } from "../refusal-log.ts";

/** Seconds after which an agent that waits for approval asks again. */
const retryAfterSeconds = 15;

/**
 * Minimum milliseconds before the answer that a caller must wait: longer than any of its database queries, so that the
 * time reveals nothing about their result.
 */
const answerAfter = 250;

/** Enough for a rack of machines behind one address that all restart after a power cut, and for their next round. */
const perAddress = { perSecond: 10, burst: 100 };
const together = { perSecond: 200, burst: 2_000 };

/** The one answer to all callers that are not let in. */
const awaiting = Buffer.from(
  toBinary(
    EnrollResponseSchema,
    create(EnrollResponseSchema, { state: EnrollState.AWAITING_APPROVAL, retryAfterSeconds }),
  ),
);

/** Creates Enroll's budget by address, which is taken before a byte of a message is received. */
export function enrollGate({
  refusals,
  metrics,
  clock,
}: {
  refusals: RefusalLog;
  metrics: Metrics;
  clock: Clock;
}): HeadersGate {
  const limit = addressLimit({ clock, perAddress, together, addresses: 10_000 });
  return (peer, address) => {
    if (limit.allow(address)) {
      return undefined;
    }
    metrics.enrollments.inc({ outcome: "limited" });
    refusals.record("enroll", peer, `too many calls of Enroll from ${address}`);
    return overloaded();
  };
}

/** Makes the handler of AgentService.Enroll; {@link enrollGate} stands before it. */
export function enrollHandler(deps: {
  calls: AgentCalls;
  database: Database;
  sessions: SessionHolder;
  refusals: RefusalLog;
  metrics: Metrics;
  log: Logger;
  clock: Clock;
}): handleUnaryCall<Buffer, Buffer> {
  const { calls, database, sessions, refusals, metrics, log, clock } = deps;
  // Exported from the start at 0: an alert can't see an increase of a series that did not exist before.
  metrics.enrollments.inc({ outcome: "second_claimant" }, 0);
  return (call, respond) => {
    const arrived = clock.monotonic();
    const peer = calls.peer(call.metadata);
    const address = addressOf(call.getPeer());
    const refuse = (outcome: "invalid" | "unavailable", reason: string, refusal: Refusal): void => {
      metrics.enrollments.inc({ outcome });
      refusals.record("enroll", peer, reason);
      respond(refusal);
    };
    const decoded = enrollDecode(call.request);
    if ("code" in decoded) {
      refuse("invalid", decoded.details, decoded);
      return;
    }
    const session = sessions.current();
    if (session === undefined) {
      refuse("unavailable", "the server has no session", unavailable);
      return;
    }
    const answer = async (): Promise<void> => {
      const outcome = await agentEnroll(database, session, { ...decoded, publicKey: peer.key, address });
      enrollmentTell({ metrics, log }, outcome, { key: keyStart(peer.key), address });
      if (outcome.status === "accepted") {
        const response = { machineId: outcome.machineId, state: EnrollState.ACCEPTED };
        respond(null, Buffer.from(toBinary(EnrollResponseSchema, create(EnrollResponseSchema, response))));
        return;
      }
      await clock.sleep(Math.max(0, arrived + answerAfter - clock.monotonic()));
      respond(null, awaiting);
    };
    answer().catch((error: unknown) => {
      // Such as `busy`: another transaction holds the machine, and the agent asks again.
      const expected = error instanceof DatabaseError;
      if (!expected) {
        log.error({ key: keyStart(peer.key), error: describeError(error) }, "an enrolment could not be decided");
      }
      refuse("unavailable", expected ? error.code : "an error", unavailable);
    });
  };
}

function enrollmentTell(
  { metrics, log }: { metrics: Metrics; log: Logger },
  outcome: EnrollmentOutcome,
  who: { key: string; address: string },
): void {
  if (outcome.status === "accepted") {
    metrics.enrollments.inc({ outcome: outcome.newly ? "enrolled" : "known" });
    log.info({ machine: outcome.machineId, ...who, newly: outcome.newly }, "agent enrolled");
    return;
  }
  if (outcome.secondClaimantOf !== undefined) {
    metrics.enrollments.inc({ outcome: "second_claimant" });
    log.error(
      { machine: outcome.secondClaimantOf, ...who },
      `a second claimant: the machine is in quarantine, see \`farrier machine explain ${outcome.secondClaimantOf}\``,
    );
    return;
  }
  metrics.enrollments.inc({ outcome: outcome.claim === "full" ? "full" : "awaiting" });
  if (outcome.claim === "new") {
    log.info(who, "an agent waits for approval: see `farrier enrollment list`");
  }
}
