import { ControllerError } from "../../controllers/controller.ts";
import { DatabaseError } from "../../database/errors.ts";
import { type HeldOperation, operationClaim } from "../../database/queries/controller/operation-claim.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { retryDelay } from "../../lib/retry.ts";
import { abortable } from "../abortable.ts";
import { ProviderError } from "../provider.ts";
import { carryOut } from "./carry-out.ts";
import type { CarryOutOptions } from "./options.ts";

/** The loop's options. */
export interface OperationLoopOptions extends CarryOutOptions {
  sessions: SessionHolder;
  log: Logger;
  signal: AbortSignal;
  /** Milliseconds between two searches for operations. */
  interval: number;
  /** Resolves when there may be a new operation: the loop then searches at once. */
  woken: () => Promise<void>;
}

/** Milliseconds between attempts to write the end of an operation. */
const endPolicy = { initial: 200, maximum: 5_000, factor: 2 };
/** Operations carried out at once. */
const parallelism = 64;
/** Milliseconds that one may take: servers need minutes to shut down. */
const operationTime = 420_000;

/** Claims and carries out operations on controllers and power switches, until the signal aborts. */
export async function operationLoop(options: OperationLoopOptions): Promise<void> {
  const { sessions, log, clock, signal, database, providers } = options;
  const busy = new Set<Promise<void>>();
  while (!signal.aborted) {
    const woken = options.woken();
    try {
      const session = await abortable(sessions.next(), signal);
      const lost = AbortSignal.any([session.lost, signal]);
      const powered = [...providers.values()].filter(({ power }) => power !== undefined).map(({ name }) => name);
      const reach = {
        checks: [...providers.keys()],
        providers: powered,
        controllers: options.controllers !== undefined,
      };
      const taken = await operationClaim(database, session, reach, parallelism - busy.size);
      for (const operation of taken) {
        const done: Promise<void> = one(operation, options, lost).finally(() => busy.delete(done));
        busy.add(done);
      }
    } catch (error) {
      if (!signal.aborted) {
        log.warn({ error: describeError(error) }, "operations could not be looked for; trying again");
      }
    }
    const stop = new AbortController();
    const pause = clock.sleep(options.interval, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
    await Promise.race([pause, woken, ...busy]);
    stop.abort();
  }
  await Promise.all(busy);
}

/** Carries out one operation and ends it. Never rejects: an operation that can't be ended is freed with the session. */
async function one(operation: HeldOperation, options: OperationLoopOptions, lost: AbortSignal): Promise<void> {
  const { log } = options;
  const facts = { operation: operation.operationId, kind: operation.asked.kind, machine: operation.machineId };
  const signal = AbortSignal.any([lost, AbortSignal.timeout(operationTime)]);
  try {
    const done = await carryOut(operation, options, signal);
    await operation.succeed("settle" in done ? done.settle : () => Promise.resolve(done.result));
    log.info(facts, "an operation is done");
  } catch (error) {
    if (lost.aborted) {
      return;
    }
    log.warn({ ...facts, error: describeError(error) }, "an operation failed");
    await ended(operation, failureOf(error), lost, options);
  }
}

/** Records a failure. Retried until it commits or the session is lost, because nothing else can end the operation. */
async function ended(
  operation: HeldOperation,
  failure: { code: string; cause: string },
  lost: AbortSignal,
  { log, clock }: OperationLoopOptions,
): Promise<void> {
  for (let attempt = 0; !lost.aborted; attempt += 1) {
    try {
      return await operation.fail(failure);
    } catch (error) {
      if (error instanceof DatabaseError && (error.code === "session_lost" || error.code === "not_found")) {
        return;
      }
      log.warn(
        { operation: operation.operationId, error: describeError(error) },
        "the end of an operation could not be written; trying again",
      );
      await clock.sleep(retryDelay(endPolicy, attempt), lost).catch(() => undefined);
    }
  }
}

function failureOf(error: unknown): { code: string; cause: string } {
  return error instanceof ControllerError || error instanceof ProviderError || error instanceof DatabaseError
    ? { code: error.code, cause: error.message }
    : { code: "failed", cause: describeError(error) };
}
