import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { createFleetMetrics, type FleetMetrics } from "./fleet.ts";

/** Every metric in /metrics, by its name there. */
export interface Metrics {
  registry: Registry;
  /** Heartbeats by answer: ok, unauthenticated, invalid, unavailable. */
  heartbeats: Counter<"answer">;
  /** From a heartbeat's arrival to its answer, in seconds. */
  heartbeatSeconds: Histogram;
  heartbeatBatchSize: Histogram;
  heartbeatBatchSeconds: Histogram;
  /** Heartbeats of a failed batch that were tried one by one. */
  heartbeatSingles: Counter;
  heartbeatsWaiting: Gauge;
  /** Stored requests that could not be read; any one should raise an alert. */
  requestReadFailures: Counter;
  /** Reports about generations that were never requested. */
  unaskedReports: Counter;
  /**
   * Calls that showed two live agents with one machine's identity: alternating calls, or a second run that asks to
   * write.
   */
  agentDuplicates: Counter<"seen">;
  /** Progress reports by answer. */
  progressReports: Counter<"answer">;
  agentLogs: Counter<"answer">;
  /** Calls of Enroll by outcome; second_claimant and full get the same answer as awaiting. */
  enrollments: Counter<"outcome">;
  /** Network boot requests by resource, and by decision or HTTP status. */
  netbootRequests: Counter<"resource" | "outcome">;
  /** Requests for cached images, by HTTP status, or broken-off. */
  cacheRequests: Counter<"outcome">;
  /** Bytes of cached images that were sent whole. */
  cacheSentBytes: Counter;
  /** Images that were fetched into this cache, from its origin or another cache, by outcome: ok, failed. */
  cacheFetches: Counter<"from" | "outcome">;
  /** Bytes of the files in this cache, and their number. */
  cacheBytes: Gauge;
  cacheFiles: Gauge;
  /** Reports of installed systems, by outcome. */
  cameUpReports: Counter<"outcome">;
  agentConnections: Gauge;
  /** Connections that wait for their TLS handshake. */
  agentHandshakesWaiting: Gauge;
  /** Open Watch streams. */
  agentWatches: Gauge;
  /** Unauthenticated calls, by listener. */
  refusedCalls: Counter<"listener">;
  /** Refused agents, by whether the machine that they name is known or unknown. */
  refusedAgents: Gauge<"machine">;
  /** Of those on the operator port, the ones after too many from the same address. */
  limitedAttempts: Counter;
  /** Duration of operators' calls in seconds, by method and code. */
  operatorCalls: Histogram<"method" | "code">;
  /** Runs of each background loop, by outcome: ok, failed. */
  loopRuns: Counter<"loop" | "outcome">;
  /** Readings of controllers by what was read (power, health) and outcome: ok, failed. */
  controllerReads: Counter<"what" | "outcome">;
  /** Open connections to controllers. */
  controllerConnections: Gauge;
  /** Tries to deliver events by webhook and outcome: delivered, failed, dead (given up; it is among the failed too). */
  webhookDeliveries: Counter<"webhook" | "outcome">;
  /** Work by process and how it ended: finished, failed, cancelled. */
  work: Counter<"process" | "outcome">;
  /** Installations that rollouts asked for: requested, refused, failed (tried again). */
  rolloutRequests: Counter<"outcome">;
  /** Machines found to have been in a state longer than expected. */
  deadlinesMissed: Counter<"state">;
  /** Machines that a process may take now. */
  eligibleMachines: Gauge<"process" | "provider">;
  /** Statements that the database refused or did not answer, by SQLSTATE or the system's code. */
  databaseErrors: Counter<"code">;
  /** The whole fleet, equal on every server. */
  fleet: FleetMetrics;
}

/** Creates the metrics of one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const fleet = createFleetMetrics(registry);
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    heartbeats: new Counter({
      name: "farrier_heartbeats_total",
      help: "Heartbeats by answer.",
      labelNames: ["answer"],
      registers,
    }),
    heartbeatSeconds: new Histogram({
      name: "farrier_heartbeat_seconds",
      help: "Time from a heartbeat's arrival to its answer in seconds; one heartbeat in sixteen is timed.",
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers,
    }),
    heartbeatBatchSize: new Histogram({
      name: "farrier_heartbeat_batch_size",
      help: "Heartbeats in one batch.",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
    heartbeatBatchSeconds: new Histogram({
      name: "farrier_heartbeat_batch_seconds",
      help: "Time from sending a batch to its commit in seconds.",
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers,
    }),
    heartbeatSingles: new Counter({
      name: "farrier_heartbeat_singles_total",
      help: "Heartbeats tried one by one after their batch failed.",
      registers,
    }),
    heartbeatsWaiting: new Gauge({
      name: "farrier_heartbeats_waiting",
      help: "Heartbeats that wait for a batch.",
      registers,
    }),
    requestReadFailures: new Counter({
      name: "farrier_installation_request_read_failures_total",
      help: "Stored installation requests that could not be read when their agent called.",
      registers,
    }),
    unaskedReports: new Counter({
      name: "farrier_unasked_reports_total",
      help: "Installation reports about generations that were never requested.",
      registers,
    }),
    agentDuplicates: new Counter({
      name: "farrier_agent_duplicates_total",
      help: "Calls that showed two live agents with one machine's identity, by the sign: alternating, writing.",
      labelNames: ["seen"],
      registers,
    }),
    progressReports: new Counter({
      name: "farrier_progress_reports_total",
      help: "Progress reports by answer.",
      labelNames: ["answer"],
      registers,
    }),
    agentLogs: new Counter({
      name: "farrier_agent_logs_total",
      help: "Calls with agents' log lines, by answer.",
      labelNames: ["answer"],
      registers,
    }),
    enrollments: new Counter({
      name: "farrier_enrollments_total",
      help: "Calls of Enroll by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    netbootRequests: new Counter({
      name: "farrier_netboot_requests_total",
      help: "Network boot requests, by resource and outcome.",
      labelNames: ["resource", "outcome"],
      registers,
    }),
    cacheRequests: new Counter({
      name: "farrier_cache_requests_total",
      help: "Requests for cached images, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    cacheSentBytes: new Counter({
      name: "farrier_cache_sent_bytes_total",
      help: "Bytes of cached images that were sent.",
      registers,
    }),
    cacheFetches: new Counter({
      name: "farrier_cache_fetches_total",
      help: "Images that were fetched into the cache, by where from and outcome.",
      labelNames: ["from", "outcome"],
      registers,
    }),
    cacheBytes: new Gauge({
      name: "farrier_cache_bytes",
      help: "Bytes of the images in the cache.",
      registers,
    }),
    cacheFiles: new Gauge({
      name: "farrier_cache_files",
      help: "Images in the cache.",
      registers,
    }),
    cameUpReports: new Counter({
      name: "farrier_came_up_reports_total",
      help: "Reports that an installed system came up, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    agentConnections: new Gauge({
      name: "farrier_agent_connections",
      help: "Open connections on the agent port.",
      registers,
    }),
    agentHandshakesWaiting: new Gauge({
      name: "farrier_agent_handshakes_waiting",
      help: "Connections on the agent port that wait for their TLS handshake.",
      registers,
    }),
    agentWatches: new Gauge({
      name: "farrier_agent_watches",
      help: "Open Watch streams of agents.",
      registers,
    }),
    refusedAgents: new Gauge({
      name: "farrier_refused_agents",
      help: "Agents that called within ten minutes and were refused, by whether the machine that they name is known.",
      labelNames: ["machine"],
      registers,
    }),
    refusedCalls: new Counter({
      name: "farrier_refused_calls_total",
      help: "Calls that were not authenticated, by listener.",
      labelNames: ["listener"],
      registers,
    }),
    limitedAttempts: new Counter({
      name: "farrier_operator_attempts_limited_total",
      help: "Failed attempts on the operator port after too many from the same address.",
      registers,
    }),
    operatorCalls: new Histogram({
      name: "farrier_operator_call_seconds",
      help: "Duration of operators' calls in seconds, by method and code.",
      labelNames: ["method", "code"],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    loopRuns: new Counter({
      name: "farrier_loop_runs_total",
      help: "Runs of background loops, by outcome.",
      labelNames: ["loop", "outcome"],
      registers,
    }),
    controllerReads: new Counter({
      name: "farrier_controller_reads_total",
      help: "Readings of management controllers, by what was read and outcome.",
      labelNames: ["what", "outcome"],
      registers,
    }),
    controllerConnections: new Gauge({
      name: "farrier_controller_connections",
      help: "Open connections to management controllers, and running calls by IPMI.",
      registers,
    }),
    webhookDeliveries: new Counter({
      name: "farrier_webhook_deliveries_total",
      help: "Tries to deliver events to webhooks, by outcome; dead: events that were given up.",
      labelNames: ["webhook", "outcome"],
      registers,
    }),
    work: new Counter({
      name: "farrier_work_total",
      help: "Work by process and how it ended.",
      labelNames: ["process", "outcome"],
      registers,
    }),
    rolloutRequests: new Counter({
      name: "farrier_rollout_requests_total",
      help: "Installations that rollouts asked for, by what came of it.",
      labelNames: ["outcome"],
      registers,
    }),
    deadlinesMissed: new Counter({
      name: "farrier_machine_deadlines_missed_total",
      help: "Machines found to have been in a state longer than expected.",
      labelNames: ["state"],
      registers,
    }),
    eligibleMachines: fleet.eligible,
    databaseErrors: new Counter({
      name: "farrier_database_errors_total",
      help: "Statements that the database refused or did not answer, by SQLSTATE or the system's code.",
      labelNames: ["code"],
      registers,
    }),
    fleet,
  };
}
