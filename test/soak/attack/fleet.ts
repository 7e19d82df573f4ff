import { randomUUID } from "node:crypto";
import { request } from "node:https";
import { json } from "node:stream/consumers";
import { systemClock } from "../../../src/lib/clock.ts";
import type { HostPort } from "../../../src/lib/net/host-port.ts";
import { prng } from "../../../src/lib/prng.ts";
import { gate } from "../../../src/simulator/gate.ts";
import { fleetMachine } from "../../../src/simulator/machine.ts";
import { operatorsConnect } from "../../../src/simulator/operators/operators.ts";
import { createRecord } from "../../../src/simulator/record/record.ts";
import { fleetRegister } from "../../../src/simulator/operators/registration.ts";
import { createStatistics } from "../../../src/simulator/record/statistics.ts";
import { waitFor } from "../../support/wait.ts";
import type { AttackTargets } from "./attack.ts";

/** What agents and an operator saw of a stretch of time. */
export interface Seen {
  /** Milliseconds of each heartbeat that was answered. */
  heartbeats: number[];
  /** Heartbeats that were not answered with OK, and agents' connections that were made anew. */
  lost: number;
  reconnected: number;
  /** Milliseconds of each call of an operator, each on a connection of its own; and why others failed. */
  operators: number[];
  refused: string[];
}

/** A fleet that lives, with an operator who lists and commands, beside an attack. */
export interface AttackedFleet extends AsyncDisposable {
  /** What was seen since it was asked last. */
  seen(): Seen;
  /** Whether that number of heartbeats and a call of the operator were answered since. */
  answered(count: number): boolean;
  /** The agent of a machine that is not of the living fleet: the attacker's. */
  attacker: AttackTargets["agent"];
}

/** Milliseconds between an agent's heartbeats, and between an operator's calls. */
const interval = 500;
const operatorEvery = 250;
/** Milliseconds for an operator's call; longer is a failure. */
const operatorPatience = 10_000;

/** Registers a fleet and has it live, until each of its agents had an answer. */
export async function attackedFleet(options: {
  agents: number;
  endpoint: HostPort;
  operators: string;
  /** PEM of the CA of the operator port. */
  operatorsCa: string;
  token: string;
}): Promise<AttackedFleet> {
  const { agents, endpoint, operators, token } = options;
  const clock = systemClock;
  const random = prng("attack");
  const stop = new AbortController();
  const known = await fleetRegister({
    operators: operatorsConnect({
      urls: [operators],
      token,
      clock,
      random: () => random.next(),
      signal: stop.signal,
      retried: () => undefined,
    }),
    seed: "attack",
    agents: agents + 1,
    faults: [],
    done: () => undefined,
  });
  const own = known.machines.at(-1);
  if (own === undefined) {
    throw new Error("no machine was registered");
  }
  const statistics = createStatistics();
  let heartbeats: number[] = [];
  // Each duration by itself: buckets would not tell one stretch from another.
  statistics.heartbeat.all.add = (milliseconds) => void heartbeats.push(milliseconds);
  const refusedByAgents: string[] = [];
  const world = {
    seed: "attack",
    faults: [],
    failing: new Set<number>(),
    interval,
    writing: 1_000,
    endpoints: [endpoint],
    ca: known.ca,
    handshakes: gate(agents),
    clock,
    random,
    record: createRecord({
      clock,
      name: (machine) => known.machines[machine]?.name ?? String(machine),
      heard: () => undefined,
      violated: (text) => void refusedByAgents.push(text),
    }),
    statistics,
  };
  const machines = known.machines.slice(0, agents).map((machine) => fleetMachine(world, machine));
  machines.forEach((machine) => machine.start(random.next() * interval));
  let calls: number[] = [];
  let refused: string[] = [];
  const operator = operatorRun({
    url: operators,
    ca: options.operatorsCa,
    token,
    signal: stop.signal,
    answered: (milliseconds) => void calls.push(milliseconds),
    failed: (why) => void refused.push(why),
  });
  await waitFor(
    "a heartbeat of each agent",
    () => statistics.counts.connections >= agents && heartbeats.length >= 3 * agents,
    {
      timeoutMs: 60_000,
    },
  );
  let before = { lost: 0, connections: statistics.counts.connections };
  return {
    attacker: { key: own.key, certificate: own.certificate, machineId: own.machineId },
    seen: () => {
      const { heartbeatsUnavailable, heartbeatsRefused, connections } = statistics.counts;
      const lost = heartbeatsUnavailable + heartbeatsRefused;
      const seen = {
        heartbeats,
        lost: lost - before.lost,
        reconnected: connections - before.connections,
        operators: calls,
        refused: [...refused, ...refusedByAgents.splice(0)],
      };
      before = { lost, connections };
      [heartbeats, calls, refused] = [[], [], []];
      return seen;
    },
    answered: (count) => heartbeats.length >= count && calls.length > 0,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      machines.forEach((machine) => machine.stop());
      await operator;
    },
  };
}

/** Lists machines and adds one by turns, until the signal aborts. */
async function operatorRun(options: {
  url: string;
  ca: string;
  token: string;
  signal: AbortSignal;
  answered: (milliseconds: number) => void;
  failed: (why: string) => void;
}): Promise<void> {
  const { signal, answered, failed } = options;
  for (let turn = 0; !signal.aborted; turn += 1) {
    const begun = performance.now();
    const [method, message] =
      turn % 4 === 3
        ? ["MachineAdd", { requestId: randomUUID(), provider: "static", providerId: `meanwhile-${turn}` }]
        : ["MachineList", { pageSize: 50 }];
    try {
      await operatorCall(options, method, message);
      answered(performance.now() - begun);
    } catch (error) {
      failed(`${method}: ${String(error)}`);
    }
    await systemClock.sleep(operatorEvery, signal).catch(() => undefined);
  }
}

/** One call on a connection of its own: a caller that is locked out notices it when connecting. */
function operatorCall(
  { url, ca, token }: { url: string; ca: string; token: string },
  method: string,
  message: unknown,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/farrier.operator.v1.MachineService/${method}`, {
      method: "POST",
      ca,
      agent: false,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(operatorPatience),
    });
    call.once("error", reject);
    call.once("response", (response) => {
      json(response).then((answer) => {
        if (response.statusCode === 200) {
          resolve();
        } else {
          reject(new Error(`HTTP ${response.statusCode}: ${JSON.stringify(answer)}`));
        }
      }, reject);
    });
    call.end(JSON.stringify(message));
  });
}
