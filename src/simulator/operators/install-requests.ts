import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import { prng } from "../../lib/prng.ts";
import { sleepUntil } from "../sleep-until.ts";
import { generationState, type GenerationRecord } from "../record/generation-record.ts";
import { firstDisk, simulatedHardware } from "../agent/simulated-hardware.ts";
import { installFollowUp, installOperation, type InstallOperation } from "./operation-next.ts";
import { isRefused, uuidOf, type OperatorApi, type Operators } from "./operators.ts";
import type { SimulationRecord } from "../record/record.ts";
import type { Statistics } from "../record/statistics.ts";
import type { SimulatedMachine } from "../world.ts";

/** The operators' side of a simulation. */
export interface InstallRequests {
  /** Makes requests at the configured rate until the signal aborts; resolves when none is running. */
  run(signal: AbortSignal): Promise<void>;
  /** Finds out the result of generations whose end is uncertain, and records it. */
  resolve(generations: readonly GenerationRecord[]): Promise<void>;
}

/** Creates it. */
export function createInstallRequests(options: {
  operators: Operators;
  machines: readonly SimulatedMachine[];
  seed: string;
  perMinute: number;
  /** Milliseconds: the longest writing. */
  writing: number;
  clock: Clock;
  record: SimulationRecord;
  statistics: Statistics;
}): InstallRequests {
  const { operators, machines, seed, clock, record } = options;
  const { counts } = options.statistics;
  const random = prng(`${seed} installs`);
  const busy = new Set<number>();
  const underWay = new Set<Promise<void>>();

  async function run(signal: AbortSignal): Promise<void> {
    if (options.perMinute > 0) {
      const gap = 60_000 / options.perMinute;
      for (let due = clock.monotonic(); !signal.aborted; due += gap * random.between(0.5, 1.5)) {
        await sleepUntil(clock, due, signal);
        if (!signal.aborted) {
          launch(random.integer(0, machines.length - 1), signal);
        }
      }
    }
    while (underWay.size > 0) {
      await Promise.all(underWay);
    }
  }

  function launch(machine: number, signal: AbortSignal): void {
    const operation = installOperation(random, record.open(machine)?.generation);
    const { followUp, repeat } = installFollowUp(random, options.writing);
    track(
      carryOut(machine, operation, repeat).then((generation) => {
        if (followUp !== undefined && generation !== undefined) {
          track(
            clock.sleep(followUp.after, signal).then(
              async () => void (await carryOut(machine, { kind: followUp.kind, generation }, false)),
              () => undefined, // The simulation ended before.
            ),
          );
        }
      }),
    );
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => record.violation(`an operator's call failed: ${ConnectError.from(error).message}`))
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }

  /** Resolves to the generation of an accepted request. One operation per machine at a time. */
  async function carryOut(machine: number, operation: InstallOperation, repeat: boolean): Promise<bigint | undefined> {
    if (busy.has(machine)) {
      return undefined;
    }
    busy.add(machine);
    try {
      return await (operation.kind === "cancel"
        ? cancel(machine, operation.generation)
        : request(machine, operation.kind === "replace" ? operation.generation : undefined, repeat));
    } finally {
      busy.delete(machine);
    }
  }

  async function request(machine: number, replaced: bigint | undefined, repeat: boolean): Promise<bigint | undefined> {
    const call = requestCall(machine, replaced);
    const clear = record.open(machine) === undefined;
    if (replaced !== undefined) {
      record.closing(machine, replaced, "replaced");
    }
    const sentAt = clock.monotonic();
    try {
      const { generation } = await operators.call(call);
      counts.requests += 1;
      if (replaced !== undefined) {
        counts.replaced += 1;
        record.closed(machine, replaced, "replaced");
      }
      record.requested(machine, generation, sentAt);
      if (repeat) {
        counts.repeats += 1;
        const again = await operators.call(call);
        if (again.generation !== generation) {
          record.violation(`a request of generation ${generation}, repeated, was given ${again.generation}`);
        }
      }
      return generation;
    } catch (error) {
      refused(error, machine, replaced);
      if (clear && replaced === undefined) {
        record.violation(`${title(machine)} has nothing pending, but a request was refused: ${String(error)}`);
      }
      return undefined;
    }
  }

  async function cancel(machine: number, generation: bigint): Promise<undefined> {
    record.closing(machine, generation, "cancelled");
    const requestId = randomUUID();
    try {
      await operators.call(({ installations }) =>
        installations.installationCancel({ requestId, machine: machineId(machine), generation }),
      );
      counts.cancelled += 1;
      record.closed(machine, generation, "cancelled");
    } catch (error) {
      refused(error, machine, generation);
    }
  }

  /** @throws errors that are not a refusal because of the machine's state */
  function refused(error: unknown, machine: number, ending: bigint | undefined): void {
    if (!isRefused(error)) {
      throw error;
    }
    counts.operatorsRefused += 1;
    if (ending !== undefined) {
      record.closingRefused(machine, ending);
    }
  }

  function requestCall(machine: number, replaced: bigint | undefined) {
    const requestId = randomUUID();
    const name = title(machine);
    const image = {
      url: `http://images.invalid/${name}.raw`,
      digest: `sha256:${uuidOf(requestId).replaceAll("-", "").repeat(2)}`,
      rootDisk: { serialNumber: firstDisk(simulatedHardware(seed, name)) },
    };
    return ({ installations }: OperatorApi) =>
      installations.installationRequest({
        requestId,
        machine: machineId(machine),
        image,
        replaceGeneration: replaced ?? 0n,
      });
  }

  async function resolve(generations: readonly GenerationRecord[]): Promise<void> {
    await Promise.all(
      generations.map(async ({ machine, generation }) => {
        const answer = await operators.call((api) => api.machines.machineShow({ machine: machineId(machine) }));
        const { installation } = answer.machine ?? {};
        const ended =
          installation !== undefined &&
          (installation.generation > generation ||
            (installation.generation === generation && installation.state !== InstallationState.PENDING));
        if (ended) {
          record.closed(machine, generation, "closed, as the control plane said when asked");
        }
      }),
    );
  }

  const machineId = (machine: number): string => machines[machine]?.machineId ?? "";
  const title = (machine: number): string => machines[machine]?.name ?? "";
  return { run, resolve };
}

/** Those of which only the control plane knows whether they have ended. */
export function unsure(generations: readonly GenerationRecord[]): GenerationRecord[] {
  return generations.filter((each) => generationState(each) === "unsure");
}
