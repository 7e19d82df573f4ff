import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { AgentHeartbeatRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { HeartbeatOutcome } from "../../database/heartbeat/heartbeat-entry.ts";
import type { Heartbeats } from "../../database/heartbeat/heartbeats.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Admission } from "../admission/admission.ts";
import { admittedUnary } from "../admission/admitted.ts";
import type { AgentCalls } from "../agent-call.ts";
import { handedOut, type HandOut } from "../hand-out.ts";
import { heartbeatDecode, type DecodedHeartbeat } from "./heartbeat-decode.ts";
import { heartbeatPlain } from "../admission/heartbeat-plain.ts";
import type { KnownCallers } from "../admission/known-callers.ts";
import type { Peer } from "../listener/peer.ts";
import { overloaded, unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import type { RefusalLog } from "../refusal-log.ts";
import { wireBytes, wireNumber } from "../wire.ts";

/** Field numbers of AgentHeartbeatResponse. */
const field = { installationRequest: 1, cancelledGeneration: 100 } as const;

const nothing = Buffer.alloc(0);

/** One heartbeat in `sampled` is timed. */
const sampled = 16;

/** Makes the handler of AgentCallback.Heartbeat; messages pass as bytes. */
export function heartbeatHandler(deps: {
  calls: AgentCalls;
  admission: Admission;
  known: KnownCallers;
  heartbeats: Heartbeats;
  refusals: RefusalLog;
  metrics: Metrics;
  log: Logger;
  handOut?: HandOut | undefined;
}): handleUnaryCall<Buffer, Buffer> {
  const { calls, admission, known, heartbeats, refusals, metrics, log, handOut } = deps;
  const answered = {
    unauthenticated: metrics.heartbeats.labels("unauthenticated"),
    invalid: metrics.heartbeats.labels("invalid"),
    unavailable: metrics.heartbeats.labels("unavailable"),
  };
  let turn = 0;
  let uncounted = 0;
  // Counted together once per turn of the event loop: a metrics call per heartbeat would be a tenth of its cost.
  const countOk = (): void => {
    if (uncounted === 0) {
      setImmediate(() => {
        metrics.heartbeats.inc({ answer: "ok" }, uncounted);
        uncounted = 0;
      });
    }
    uncounted += 1;
  };
  /** A heartbeat with a report, or any other that is not plain: authenticated before it is decoded. */
  const decoding = admittedUnary(
    {
      calls,
      admission,
      refusals,
      method: "heartbeat",
      schema: AgentHeartbeatRequestSchema,
      refused: (answer) => answered[answer].inc(),
    },
    (call, respond) => {
      const peer = calls.peer(call.metadata);
      const decoded = heartbeatDecode(call.request);
      if ("code" in decoded) {
        answered.invalid.inc();
        refusals.record("heartbeat", peer, decoded.details);
        respond(decoded);
        return;
      }
      submit(call, peer, decoded, respond);
    },
  );
  const submit = (
    call: ServerUnaryCall<Buffer, Buffer>,
    peer: Peer,
    decoded: DecodedHeartbeat,
    respond: sendUnaryData<Buffer>,
  ): void => {
    const timed = turn % sampled === 0 ? performance.now() : undefined;
    turn += 1;
    const refuse = (refusal: Refusal): void => respond(refusal);
    const caller = {
      connection: peer,
      known: known.any(peer),
      whenEnded: (gone: () => void) => calls.whenEnded(call.metadata, gone),
    };
    const entry = { ...decoded, publicKey: peer.key, connection: peer.connection };
    void heartbeats.submit(entry, peer.keyIdentity, caller).then((outcome) => {
      if (call.cancelled && outcome.status !== "ok") {
        return;
      }
      if (timed !== undefined) {
        metrics.heartbeatSeconds.observe((performance.now() - timed) / 1_000);
      }
      switch (outcome.status) {
        case "unauthenticated":
          known.forget(peer, decoded.machineId);
          refusals.stranger(peer, decoded.machineId, call.getPeer());
          answered.unauthenticated.inc();
          refusals.record("heartbeat", peer, "no such machine and key", decoded.machineId);
          refuse(unauthenticated);
          return;
        case "unavailable":
          answered.unavailable.inc();
          refusals.record("heartbeat", peer, outcome.cause, decoded.machineId);
          if (outcome.overloaded !== true) {
            peer.undecided?.();
          }
          refuse(outcome.overloaded === true ? overloaded() : unavailable);
          return;
        case "ok":
          known.note(peer, decoded.machineId);
          countOk();
          if (outcome.requestUnreadable !== undefined) {
            metrics.requestReadFailures.inc();
            log.error(
              { machine: decoded.machineId, reason: outcome.requestUnreadable },
              "the stored installation request can't be handed out: the reason says what is wrong with it",
            );
          }
          if (outcome.unasked === true) {
            metrics.unaskedReports.inc();
          }
          if (log.isLevelEnabled("debug")) {
            log.debug({ machine: decoded.machineId, generation: outcome.request?.generation.toString() }, "heartbeat");
          }
          respond(null, heartbeatEncode(handedOut(handOut, entry, outcome)));
      }
    });
  };
  return (call, respond) => {
    const plain = heartbeatPlain(call.request);
    if (plain === undefined) {
      decoding(call, respond);
    } else {
      submit(call, calls.peer(call.metadata), plain, respond);
    }
  };
}

/** Encodes the response; the request's stored bytes are sent unchanged. */
export function heartbeatEncode(outcome: HeartbeatOutcome & { status: "ok" }): Buffer {
  if (outcome.request === undefined && outcome.cancelledGeneration === undefined) {
    return nothing;
  }
  return Buffer.concat([
    ...(outcome.request === undefined ? [] : wireBytes(field.installationRequest, outcome.request.raw)),
    ...(outcome.cancelledGeneration === undefined
      ? []
      : [wireNumber(field.cancelledGeneration, outcome.cancelledGeneration)]),
  ]);
}
