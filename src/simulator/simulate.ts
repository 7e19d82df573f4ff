import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import { prng } from "../lib/prng.ts";
import { failingMachines, faultPlan } from "./faults.ts";
import { gate } from "./gate.ts";
import { createInstallRequests, unsure, type InstallRequests } from "./operators/install-requests.ts";
import { fleetMachine, type FleetMachine } from "./machine.ts";
import { operatorsConnect } from "./operators/operators.ts";
import { endpointCheck, optionsCheck, type SimulationOptions } from "./options.ts";
import { createRecord, type SimulationRecord } from "./record/record.ts";
import { fleetRegister } from "./operators/registration.ts";
import { createStatistics, type Statistics } from "./record/statistics.ts";
import { sleepUntil } from "./sleep-until.ts";
import { statusLook, type SimulationPhase, type SimulationStatus } from "./record/status.ts";
import { summarise, type SimulationSummary } from "./record/summary.ts";
import type { SimulatedMachine, World } from "./world.ts";

/** The result of a simulation. */
export interface Simulated {
  summary: SimulationSummary;
  record: SimulationRecord;
  machines: readonly SimulatedMachine[];
}

/** Milliseconds between agents' connections at the start, so that they are not a storm. */
const startGap = 6;
/** More handshakes would only wait for this process' own processor, longer than the server allows. */
const handshakesAtATime = 256;
const shortestSpread = 5_000;
const defaultWriting = 15_000;
/** Milliseconds between two checks for overdue requests, and between two queries of uncertain ones. */
const checkEvery = 1_000;

/**
 * Runs a simulated fleet against a control plane: registers it, runs its agents and operators, lets everything settle,
 * and sums up. An aborted signal ends it early.
 * @throws {SimulationRefused} if the options are invalid; {ConnectError} if the control plane refuses the fleet
 */
export async function simulate(
  options: SimulationOptions,
  hooks: {
    clock: Clock;
    signal: AbortSignal;
    /** Aborts when it should end before its duration, but still settle. */
    finish?: AbortSignal;
    /** Called every second. */
    status?: (status: SimulationStatus) => void;
    tell?: (text: string) => void;
    /** Called for each broken rule, as soon as it is noticed. */
    violated?: (text: string) => void;
  },
): Promise<Simulated> {
  optionsCheck(options);
  const { clock, signal } = hooks;
  const { seed, faults, agents, interval, writing = defaultWriting } = options;
  const bound = options.bound ?? 3 * interval + 60_000;
  const statistics = createStatistics();
  const random = prng(`${seed} jitter`);
  const operators = operatorsConnect({
    urls: options.operators,
    token: options.token,
    clock,
    random: () => random.next(),
    signal,
    retried: () => {
      statistics.counts.operatorsRetried += 1;
    },
  });
  let registered = 0;
  const told = setInterval(() => hooks.tell?.(`registered ${registered} of ${agents} machines`), 5_000);
  const fleetKnown = await fleetRegister({
    operators,
    seed,
    agents,
    faults,
    done: () => {
      registered += 1;
    },
  }).finally(() => clearInterval(told));
  const { machines } = fleetKnown;
  hooks.tell?.(`registered ${agents} machines, sim-${seed}-0 to sim-${seed}-${agents - 1}`);
  const record = createRecord({
    clock,
    name: (machine) => machines[machine]?.name ?? String(machine),
    heard: (by, milliseconds) => statistics.heard[by].add(milliseconds),
    violated: hooks.violated,
  });
  for (const { machine, generation, pending } of fleetKnown.earlier) {
    record.found(machine, generation, pending);
  }
  const endpoints =
    options.endpoints.length > 0 ? options.endpoints : [endpointCheck(fleetKnown.endpoint, options.anywhere)];
  const world: World = {
    seed,
    faults,
    failing: failingMachines(options),
    interval,
    writing,
    endpoints,
    ca: fleetKnown.ca,
    handshakes: gate(handshakesAtATime),
    clock,
    random,
    record,
    statistics,
  };
  const fleet = machines.map((machine) => fleetMachine(world, machine));
  const installs = createInstallRequests({
    operators,
    machines,
    seed,
    perMinute: options.installsPerMinute,
    writing,
    clock,
    record,
    statistics,
  });
  const look = statusLook({ statistics, record, fleet, now: () => clock.monotonic() });
  let phase: SimulationPhase = "running";
  const begun = clock.monotonic();
  const shown = setInterval(() => hooks.status?.(look(phase)), 1_000);
  const overdue = setInterval(() => record.overdue(bound), checkEvery);
  try {
    const spread = Math.max(agents * startGap, Math.min(interval, shortestSpread));
    for (const each of fleet) {
      each.start(random.next() * spread);
    }
    await run({ options, fleet, installs, statistics, clock, signal, finish: hooks.finish });
    phase = "settling";
    await settle({ fleet, installs, record, clock, bound: signal.aborted ? checkEvery : bound });
    phase = "ended";
    hooks.status?.(look(phase));
    if (!signal.aborted) {
      for (const left of record.openAll()) {
        record.violation(
          `${machines[left.machine]?.name} generation ${left.generation} has no final result at the end`,
        );
      }
    }
  } finally {
    clearInterval(shown);
    clearInterval(overdue);
    for (const each of fleet) {
      each.stop();
    }
  }
  const ran = clock.monotonic() - begun;
  return { summary: summarise({ options, statistics, record, ran }), record, machines };
}

/** Until the duration has passed or the signal aborts: requests and faults. */
async function run(context: {
  options: SimulationOptions;
  fleet: readonly FleetMachine[];
  installs: InstallRequests;
  statistics: Statistics;
  clock: Clock;
  signal: AbortSignal;
  finish: AbortSignal | undefined;
}): Promise<void> {
  const { options, clock } = context;
  const end = new AbortController();
  const stop = (): void => end.abort();
  const told = AbortSignal.any([context.signal, ...(context.finish === undefined ? [] : [context.finish])]);
  told.addEventListener("abort", stop, { once: true });
  if (told.aborted) {
    stop();
  }
  const timer = setTimeout(stop, options.duration);
  try {
    await Promise.all([
      context.installs.run(end.signal),
      goWrong(context, end.signal),
      clock.sleep(options.duration, end.signal).catch(() => undefined), // Stopped before.
    ]);
  } finally {
    clearTimeout(timer);
    told.removeEventListener("abort", stop);
  }
}

async function goWrong(
  context: { options: SimulationOptions; fleet: readonly FleetMachine[]; statistics: Statistics; clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const { fleet, clock, options } = context;
  const { counts } = context.statistics;
  const begun = clock.monotonic();
  for (const event of faultPlan(options)) {
    await sleepUntil(clock, begun + event.at, signal);
    if (signal.aborted) {
      return;
    }
    const machine = fleet[event.agent];
    switch (event.kind) {
      case "disconnect":
        counts.disconnects += 1;
        machine?.disconnect(false);
        break;
      case "kill":
        counts.kills += 1;
        machine?.kill(event.lasts);
        break;
      case "duplicate":
        counts.duplicates += 1;
        machine?.duplicate(event.lasts);
        break;
      case "storm":
        counts.storms += 1;
        for (const each of fleet) {
          each.disconnect(true);
        }
        break;
    }
  }
}

/** Waits until every request has ended. */
async function settle(context: {
  fleet: readonly FleetMachine[];
  installs: InstallRequests;
  record: SimulationRecord;
  clock: Clock;
  bound: number;
}): Promise<void> {
  const { fleet, installs, record, clock, bound } = context;
  for (const each of fleet) {
    each.settle();
  }
  const end = clock.monotonic() + bound;
  while (record.openAll().length > 0 && clock.monotonic() < end) {
    await clock.sleep(checkEvery);
    await ask(unsure(record.openAll()));
  }
  await ask(record.openAll());

  async function ask(generations: Parameters<InstallRequests["resolve"]>[0]): Promise<void> {
    await installs
      .resolve(generations)
      .catch((error: unknown) =>
        record.violation(`the control plane does not say how it stands: ${describeError(error)}`),
      );
  }
}
