import { randomBytes } from "node:crypto";
import type { AgentHeartbeatResponse } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { pushbackDelay } from "../../lib/retry.ts";
import { agentDecide, type AgentEvent, type AgentState } from "./agent-state.ts";
import { agentWatch } from "./simulated-watch.ts";
import { simulatedCalls } from "./simulated-calls.ts";
import { grpcCode, grpcConnection, type GrpcStatus } from "./grpc-connection.ts";
import { simulatedHardware } from "./simulated-hardware.ts";
import { installationPlan } from "./installation-plan.ts";
import { installationRun } from "./installation-run.ts";
import type { SimulatedMachine, World } from "../world.ts";

/** One run of a machine's agent, from its start until it vanishes. */
export interface AgentRun {
  /** Cuts its connection, like a lost link. `atOnce`: it reconnects without a pause. */
  disconnect(atOnce: boolean): void;
  /** It vanishes: sends and receives nothing any more. */
  vanish(): void;
  readonly kind: AgentState["kind"];
  readonly connected: boolean;
  readonly watching: boolean;
}

// Like the real agent: quickly at first, at most two intervals.
const factor = 2;
/** The variation of heartbeats' intervals. */
const jitter = 0.05;
const runIdBytes = 16;

/** Starts an agent; its first heartbeat leaves after `delay` milliseconds. */
export function startAgent(world: World, machine: SimulatedMachine, delay: number): AgentRun {
  const { clock, record, statistics, interval } = world;
  const { counts } = statistics;
  const random = (): number => world.random.next();
  // Run ids, like keys, are truly random: two simulations with one seed must not be taken for one run.
  const runId = Uint8Array.from(randomBytes(runIdBytes));
  const run = Buffer.from(runId).toString("hex").slice(0, 12);
  const connection = grpcConnection({
    endpoints: world.endpoints,
    first: machine.index,
    tls: { key: machine.key, cert: machine.certificate, ca: world.ca },
    slow: machine.slow,
    handshakes: world.handshakes,
    connected: (milliseconds) => {
      counts.connections += 1;
      statistics.connect.add(milliseconds);
    },
  });
  const calls = simulatedCalls(connection, machine.machineId, runId);
  let state: AgentState = { kind: "idle", last: 0n };
  let gone = false;
  let told = false;
  let failures = 0;
  let beating = false;
  let again = false;
  let current: AbortController | undefined;
  const watch = agentWatch({ world, machine, run, calls, state: () => state, offer: (news) => offer(news) });
  record.runStarted(machine.index, run);
  let timer: NodeJS.Timeout | undefined = setTimeout(() => void beat(), delay);

  async function beat(): Promise<void> {
    clearTimeout(timer);
    if (gone || beating) {
      again = true;
      return;
    }
    beating = true;
    again = false;
    const reporting = state.kind === "reporting" ? state : undefined;
    if (reporting !== undefined) {
      record.reporting(machine.index, reporting.generation);
    }
    const sentAt = clock.monotonic();
    const answer = await calls.heartbeat({
      ...(told ? {} : { hardwareReport: simulatedHardware(world.seed, machine.name) }),
      ...(reporting === undefined
        ? {}
        : {
            installationReport: {
              generation: reporting.generation,
              result:
                reporting.result.kind === "success"
                  ? { case: "success", value: {} }
                  : { case: "error", value: { error: reporting.result.error } },
            },
          }),
    });
    beating = false;
    if (gone) {
      return;
    }
    if (answer.ok) {
      const took = clock.monotonic() - sentAt;
      counts.heartbeats += 1;
      statistics.heartbeat.all.add(took);
      statistics.heartbeat.recent.add(took);
      failures = 0;
      // Otherwise agents that started one after the other would send heartbeats together for a long time.
      const share = told ? 1 - jitter + 2 * jitter * random() : random();
      told = true;
      heed(answer.answer, sentAt, reporting);
      watch.ensure();
      schedule(interval * share);
    } else {
      schedule(pauseAfter(answer));
    }
    if (again) {
      void beat();
    }
  }

  function schedule(milliseconds: number): void {
    timer = setTimeout(() => void beat(), milliseconds);
  }

  function pauseAfter({ code, details, retryAfter }: GrpcStatus): number {
    failures += 1;
    const lost = code === grpcCode.unavailable || code === grpcCode.deadlineExceeded;
    if (lost || code === grpcCode.resourceExhausted) {
      counts.heartbeatsUnavailable += 1;
      const policy = { initial: Math.min(1000, interval), maximum: 2 * interval, factor };
      return pushbackDelay(policy, failures - 1, { pushback: retryAfter, random });
    }
    counts.heartbeatsRefused += 1;
    record.refused(machine.index, `a heartbeat of run ${run} was refused with status ${code}: ${details}`);
    return 4 * interval;
  }

  function heed(
    answer: AgentHeartbeatResponse,
    sentAt: number,
    reporting: (AgentState & { kind: "reporting" }) | undefined,
  ): void {
    const { installationRequest: request, cancelledGeneration: cancelled } = answer;
    record.answered({
      machine: machine.index,
      run,
      sentAt,
      ...(request === undefined ? {} : { request: request.generation }),
      ...(cancelled === 0n ? {} : { cancelled }),
      ...(reporting === undefined
        ? {}
        : { reported: { generation: reporting.generation, result: reporting.result.kind } }),
    });
    if (reporting !== undefined) {
      tell({ kind: "acknowledged", generation: reporting.generation });
    }
    offer({ cancelled, request: request?.generation });
  }

  function offer(news: { cancelled: bigint; request: bigint | undefined }): void {
    if (news.cancelled !== 0n) {
      tell({ kind: "cancelled", generation: news.cancelled });
    }
    if (news.request !== undefined) {
      tell({ kind: "requested", generation: news.request });
    }
  }

  function tell(event: AgentEvent): void {
    const decision = agentDecide(state, event);
    ({ state } = decision);
    for (const action of decision.actions) {
      switch (action.kind) {
        case "begin":
          begin(action.generation);
          break;
        case "stop":
          counts.calledOff += 1;
          current?.abort();
          break;
        case "report":
          void beat();
          break;
      }
    }
  }

  function begin(generation: bigint): void {
    counts.begun += 1;
    record.begun(machine.index, generation, run);
    const controller = new AbortController();
    current = controller;
    const { seed, faults, writing: longest } = world;
    const { index, slow } = machine;
    const fails = generation === 1n && world.failing.has(index);
    const plan = installationPlan({ seed, faults, longest, machine: index, generation, slow, fails });
    void installationRun({
      plan,
      clock,
      random,
      signal: controller.signal,
      report: async (progress) => {
        const sentAt = clock.monotonic();
        const answer = await calls.progress({ generation, ...progress });
        if (controller.signal.aborted) {
          return answer;
        }
        counts[answer.ok ? "progressReports" : "progressUnavailable"] += 1;
        if (answer.ok && answer.answer !== 0n) {
          counts.calledOff += 1;
          record.calledOff(machine.index, answer.answer);
        } else if (answer.ok) {
          record.progressed(machine.index, generation, run, sentAt);
        } else if (!answer.ok && answer.code === grpcCode.unauthenticated) {
          record.refused(machine.index, `a progress report of run ${run} was refused: ${answer.details}`);
        }
        return answer;
      },
      writing: (sentAt) => {
        counts.writingAcknowledged += 1;
        record.writing(machine.index, generation, run, sentAt);
      },
    }).then((end) => {
      if (!gone) {
        counts.succeeded += end.kind === "success" ? 1 : 0;
        counts.failed += end.kind === "error" ? 1 : 0;
        tell({ kind: "ended", generation, end });
      }
    });
  }

  return {
    disconnect: (atOnce) => {
      connection.cut();
      if (atOnce) {
        setTimeout(() => void beat(), 0);
      }
    },
    vanish: () => {
      gone = true;
      clearTimeout(timer);
      current?.abort();
      watch.stop();
      connection.close();
      record.runEnded(machine.index, run);
    },
    get kind() {
      return state.kind;
    },
    get connected() {
      return connection.connected;
    },
    get watching() {
      return watch.open;
    },
  };
}
