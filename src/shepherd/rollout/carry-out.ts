import { system } from "../../database/actor.ts";
import { DatabaseError } from "../../database/errors.ts";
import { generation as toGeneration } from "../../database/ids.ts";
import {
  rolloutEnd,
  rolloutMachineEnd,
  rolloutMachineRecall,
  rolloutMachineRequested,
  rolloutMachinesBegin,
  rolloutWaveIsNew,
} from "../../database/queries/rollout/rollout-act.ts";
import type { HeldRollout } from "../../database/queries/rollout/rollout-claim.ts";
import { rolloutEventAppend } from "../../database/queries/rollout/rollout-event.ts";
import type { RolloutOrder, RolloutRequester } from "../../database/queries/rollout/rollout-order.ts";
import type { RolloutRecord } from "../../database/queries/rollout/rollout-record.ts";
import {
  rolloutFailures,
  rolloutStandings,
  type RolloutMachineStanding,
} from "../../database/queries/rollout/rollout-standing.ts";
import type { Tx } from "../../database/transaction.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { rolloutDecide, type RolloutAction } from "./decide.ts";

/** What carrying out a rollout needs. */
export interface RolloutTools {
  request: RolloutRequester["request"];
  metrics: Metrics;
  log: Logger;
  signal: AbortSignal;
}

/** Requests that are made at once. */
const requestsAtOnce = 8;

/**
 * One turn of a rollout: records what has ended, decides, and requests what begins. That a machine begins is recorded
 * before its request is made: after a crash the next shepherd repeats the request by the same request id.
 * @throws {DatabaseError} `session_lost`, `not_found` if another session holds it now, `unavailable`
 */
export async function rolloutCarryOut(held: HeldRollout, tools: RolloutTools): Promise<void> {
  const orders = await held.within(async (tx, rollout, now) => {
    const machines = await rolloutStandings(tx, rollout.number, rollout.parallel);
    const failures = await rolloutFailures(tx, rollout.number);
    const actions = rolloutDecide({ ...rollout, ...failures }, machines, now);
    await actionsDo(tx, rollout, actions);
    return ordersOf(rollout, machines, actions);
  });
  const waiting = orders.values();
  const work = async (): Promise<void> => {
    for (const order of waiting) {
      if (tools.signal.aborted) {
        return;
      }
      await orderDo(held, order, tools);
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, work));
}

async function actionsDo(tx: Tx, rollout: RolloutRecord, actions: readonly RolloutAction[]): Promise<void> {
  for (const action of actions) {
    switch (action.act) {
      case "end":
        await rolloutMachineEnd(tx, rollout, action.machineId, action.end);
        break;
      case "stop":
        await rolloutEnd(
          tx,
          rollout,
          "stopped",
          action.barren === undefined
            ? `after ${action.failures} failures`
            : `no machine of wave ${action.barren} is good`,
        );
        break;
      case "done":
        await rolloutEnd(tx, rollout, "done", "");
        break;
      case "settled":
        await rolloutEnd(tx, rollout, "settled", "");
        break;
      case "recall":
        await rolloutMachineRecall(tx, rollout, action);
        break;
      case "begin":
      case "request":
    }
  }
  const begins = actions.flatMap((action) => (action.act === "begin" ? [action] : []));
  const wave = begins[0]?.wave;
  if (wave !== undefined) {
    if (await rolloutWaveIsNew(tx, rollout, wave)) {
      await rolloutEventAppend(tx, rollout.number, { actor: system, event: "wave_begun", detail: `wave ${wave}` });
    }
    await rolloutMachinesBegin(
      tx,
      rollout,
      begins.map(({ machineId }) => machineId),
    );
  }
}

function ordersOf(
  rollout: RolloutRecord,
  machines: readonly RolloutMachineStanding[],
  actions: readonly RolloutAction[],
): RolloutOrder[] {
  const seen = new Map(machines.map((machine) => [machine.machineId, machine]));
  return actions.flatMap((action): RolloutOrder[] => {
    if (action.act !== "begin" && action.act !== "request") {
      return [];
    }
    const machine = seen.get(action.machineId);
    return machine === undefined
      ? []
      : [
          {
            rollout,
            machineId: machine.machineId,
            attempt: machine.attempt + (action.act === "begin" ? 1 : 0),
            generation: toGeneration(machine.seenGeneration + 1n),
          },
        ];
  });
}

async function orderDo(held: HeldRollout, order: RolloutOrder, { request, metrics, log }: RolloutTools): Promise<void> {
  const { machineId, attempt, rollout } = order;
  try {
    const ordered = await request(order);
    await held.within(async (tx, record) => {
      switch (ordered.kind) {
        case "requested":
          await rolloutMachineRequested(tx, record, { machineId, attempt, generation: ordered.generation });
          break;
        case "refused": {
          const { error } = ordered;
          await rolloutMachineEnd(tx, record, machineId, { end: "failed", cause: "request-refused", error });
          break;
        }
        case "withdrawn":
        // The next turn takes it back.
      }
    });
    metrics.rolloutRequests.inc({ outcome: ordered.kind });
  } catch (error) {
    if (error instanceof DatabaseError && (error.code === "session_lost" || error.code === "not_found")) {
      throw error;
    }
    // It has begun: the next turn requests it again, by the same request id.
    metrics.rolloutRequests.inc({ outcome: "failed" });
    log.warn(
      { rollout: rollout.name, machine: machineId, error: describeError(error) },
      "an installation of a rollout could not be requested; trying again",
    );
  }
}
