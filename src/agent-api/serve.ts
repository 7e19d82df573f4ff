import {
  ReportLogRequestSchema,
  ReportProgressRequestSchema,
  WatchRequestSchema,
} from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { agentRefusedWrite } from "../database/queries/agent/agent-refused.ts";
import { agentLookup } from "../database/queries/agent/agent-lookup.ts";
import { takeoverKeyAccept } from "../database/queries/agent/takeover-key.ts";
import type { DatabaseAddress } from "../database/address/database-address.ts";
import type { Database } from "../database/connect.ts";
import { heartbeats } from "../database/heartbeat/heartbeats.ts";
import { DatabaseError } from "../database/errors.ts";
import { notificationsListen } from "../database/notifications.ts";
import { progressFlush } from "../database/queries/installation/progress-flush.ts";
import { requestOpen } from "../secrets/installation-request.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import type { HostPort } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { HandOut } from "./hand-out.ts";
import { createRefusedCallers } from "./admission/refused-callers.ts";
import { createAdmission } from "./admission/admission.ts";
import { admittedStream, admittedUnary } from "./admission/admitted.ts";
import type { AgentCalls } from "./agent-call.ts";
import { enrollGate, enrollHandler } from "./methods/enroll.ts";
import { healthHandler, healthPath } from "./methods/health.ts";
import { heartbeatHandler } from "./methods/heartbeat.ts";
import { createKnownCallers } from "./admission/known-callers.ts";
import type { TimeLimits } from "./limits.ts";
import { agentListen, type AgentListener, type AgentMethod } from "./listener/listener.ts";
import { logHandler } from "./methods/log.ts";
import { progressCoalesce } from "./methods/progress-coalesce.ts";
import { progressHandler } from "./methods/progress.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { requestProblem } from "../contract/request-problem.ts";
import { watchHandler } from "./methods/watch.ts";
import { createOpenWatches } from "./methods/open-watches.ts";

/** What the agent API needs. */
export interface AgentApiOptions {
  address: HostPort;
  certificate: { certificatePem: string; keyPem: string };
  database: Database;
  /** Opens the requests that are handed out. */
  secrets: KeyRing;
  databaseAddress: DatabaseAddress;
  sessions: SessionHolder;
  metrics: Metrics;
  log: Logger;
  clock: Clock;
  /** Maximum number of heartbeats that wait for a batch; further ones are asked to come back later. */
  /** Changes a request that is handed out for the agent that gets it, such as by adding where else its image is. */
  handOut?: HandOut | undefined;
  maximumWaiting?: number;
  /** Maximum number of open connections; default 20,000. */
  maximumConnections?: number;
  /** Methods beside the contract's own, for measuring the listener itself. */
  extraMethods?: (calls: AgentCalls) => AgentMethod[];
  times?: TimeLimits;
}

/**
 * Concurrent batches of heartbeats of a process that shares its port. The processes together have more batches under way
 * than one alone has, so with as many slots each their batches would be smaller, and a heartbeat would cost more.
 */
const sharedSlots = 2;

const enrollPath = "/farrier.agent.v1.AgentService/Enroll";

/** Methods whose requests name a machine. */
const guardedPaths = [
  "/cloud.bmaas.server.api.AgentCallback/Heartbeat",
  "/farrier.agent.v1.AgentService/ReportProgress",
  "/farrier.agent.v1.AgentService/ReportLog",
  "/farrier.agent.v1.AgentService/Watch",
];

/**
 * Serves the agent API: every method of docs/wire.md on one listener.
 * @throws {ListenError}
 */
export async function agentApiServe(options: AgentApiOptions): Promise<AgentListener> {
  const { database, secrets, sessions, metrics, log, clock } = options;
  const refusedCallers = createRefusedCallers({
    clock,
    log,
    write: async (entries) => {
      const session = sessions.current();
      return session === undefined ? [] : agentRefusedWrite(database, session, entries);
    },
    standing: ({ known, unknown }) => {
      metrics.refusedAgents.set({ machine: "known" }, known);
      metrics.refusedAgents.set({ machine: "unknown" }, unknown);
    },
  });
  const refusals = createRefusalLog(log, clock, refusedCallers);
  const batches = heartbeats({
    address: options.databaseAddress,
    sessions,
    log,
    requestProblem,
    requestOpen: (stored, owner) => requestOpen(secrets, owner, stored),
    ...(options.address.shared === true ? { slots: sharedSlots } : {}),
    ...(options.maximumWaiting === undefined ? {} : { maximumWaiting: options.maximumWaiting }),
    meter: {
      batch: (size, seconds) => {
        metrics.heartbeatBatchSize.observe(size);
        metrics.heartbeatBatchSeconds.observe(seconds);
        metrics.heartbeatsWaiting.set(batches.waiting());
      },
      single: () => metrics.heartbeatSingles.inc(),
      duplicate: () => metrics.agentDuplicates.inc({ seen: "alternating" }),
      failed: (code) => metrics.databaseErrors.inc({ code }),
    },
  });
  const lookup = agentLookup({
    address: options.databaseAddress,
    sessions,
    log,
    failed: (code) => metrics.databaseErrors.inc({ code }),
    takenOver: (agent) => takeoverKeyAccept(database, agent),
  });
  // Exported from the start at 0: an alert can't see an increase of a series that did not exist before.
  metrics.agentDuplicates.inc({ seen: "alternating" }, 0);
  metrics.agentDuplicates.inc({ seen: "writing" }, 0);
  const watches = createOpenWatches(metrics);
  const coalesce = progressCoalesce({
    clock,
    log,
    flush: (entries) => {
      const session = sessions.current();
      return session === undefined
        ? Promise.reject(new DatabaseError("session_lost", "the server has no session"))
        : progressFlush(database, session, entries);
    },
  });
  const notifications = notificationsListen({
    address: options.databaseAddress,
    log,
    clock,
    handlers: {
      machineChanged: (machineId) => {
        coalesce.forget(machineId);
        watches.wake(machineId);
      },
      listening: () => {
        coalesce.listening();
        watches.wakeAll();
      },
      deaf: () => coalesce.deaf(),
    },
  });
  const release = async (): Promise<void> => {
    watches[Symbol.dispose]();
    await coalesce[Symbol.asyncDispose]();
    await notifications[Symbol.asyncDispose]();
    await refusedCallers[Symbol.asyncDispose]();
    await batches[Symbol.asyncDispose]();
    await lookup[Symbol.asyncDispose]();
  };
  try {
    const listener = await agentListen({
      address: options.address,
      certificate: options.certificate,
      refusals,
      metrics,
      log,
      clock,
      ...(options.times === undefined ? {} : { times: options.times }),
      ...(options.maximumConnections === undefined ? {} : { maximumConnections: options.maximumConnections }),
      methods: (calls) => {
        const known = createKnownCallers(clock, (peer) => calls.pace.known(peer));
        const admission = createAdmission({ known, lookup });
        calls.guard(guardedPaths, admission.early);
        calls.gate(enrollPath, enrollGate({ refusals, metrics, clock }));
        return [
          {
            path: "/cloud.bmaas.server.api.AgentCallback/Heartbeat",
            kind: "unary",
            handler: heartbeatHandler({
              ...{ calls, admission, known, heartbeats: batches, refusals, metrics, log },
              handOut: options.handOut,
            }),
          },
          {
            path: "/farrier.agent.v1.AgentService/ReportProgress",
            kind: "unary",
            handler: admittedUnary(
              {
                ...{ calls, admission, refusals, method: "progress", schema: ReportProgressRequestSchema },
                refused: (answer) => metrics.progressReports.inc({ answer }),
              },
              progressHandler({ calls, database, sessions, coalesce, refusals, metrics, log }),
            ),
          },
          {
            path: enrollPath,
            kind: "unary",
            handler: enrollHandler({ calls, database, sessions, refusals, metrics, log, clock }),
          },
          {
            path: "/farrier.agent.v1.AgentService/ReportLog",
            kind: "unary",
            handler: admittedUnary(
              {
                ...{ calls, admission, refusals, method: "log", schema: ReportLogRequestSchema },
                refused: (answer) => metrics.agentLogs.inc({ answer }),
              },
              logHandler({ calls, database, sessions, refusals, metrics, log, clock }),
            ),
          },
          {
            path: "/farrier.agent.v1.AgentService/Watch",
            kind: "serverStream",
            handler: admittedStream(
              { calls, admission, refusals, method: "watch", schema: WatchRequestSchema, refused: () => undefined },
              watchHandler({ calls, heartbeats: batches, watches, refusals, handOut: options.handOut }),
            ),
          },
          { path: healthPath, kind: "unary", handler: healthHandler({ sessions, clock }) },
          ...(options.extraMethods?.(calls) ?? []),
        ];
      },
    });
    return {
      address: listener.address,
      [Symbol.asyncDispose]: async () => {
        watches.stopAll();
        await listener[Symbol.asyncDispose]();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
