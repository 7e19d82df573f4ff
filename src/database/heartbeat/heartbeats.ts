import type { KeyIdentity } from "./key-identity.ts";
import { describeError, errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { DatabaseAddress } from "../address/database-address.ts";
import { connectionSettings } from "../connect.ts";
import { isRetryable, isUnavailable, lockNotAvailable } from "../errors.ts";
import { batchKind, lockedBatch, plainBatch, type BatchAnswer, type BatchEntry } from "./heartbeat-batch.ts";
import type { HeartbeatEntry, HeartbeatOutcome } from "./heartbeat-entry.ts";
import type { HeartbeatCaller } from "./heartbeat-places.ts";
import { heartbeatQueue, type Waiting } from "./heartbeat-queue.ts";
import { entryState, type HeartbeatRow } from "./heartbeat-fragments.ts";
import type { Generation, MachineId, SessionId } from "../ids.ts";
import { poolOpen } from "../connection/pool.ts";
import type { SessionHolder } from "../session-holder.ts";

/** Measures heartbeats. */
export interface HeartbeatMeter {
  batch(size: number, seconds: number): void;
  /** The rows of a failed batch were tried one by one. */
  single(): void;
  /** A call showed that two live agents have one machine's key. */
  duplicate?(): void;
  /** The database, or the connection to it, failed with this error code. */
  failed?(code: string): void;
}

/** Takes heartbeats one by one and writes them in batches. */
export interface Heartbeats extends AsyncDisposable {
  /**
   * Resolves once the heartbeat is committed or has failed; never rejects. Without `caller` it is this process' own.
   */
  submit(entry: HeartbeatEntry, keyIdentity: KeyIdentity, caller?: HeartbeatCaller): Promise<HeartbeatOutcome>;
  /**
   * What a heartbeat of this agent would be answered now, including a request to hand out; no sign of life is recorded.
   * Never rejects.
   */
  look(entry: HeartbeatEntry, keyIdentity: KeyIdentity, caller?: HeartbeatCaller): Promise<HeartbeatOutcome>;
  /** The number of entries that wait for a batch. */
  waiting(): number;
}

export interface HeartbeatsOptions {
  address: DatabaseAddress;
  sessions: SessionHolder;
  log: Logger;
  meter: HeartbeatMeter;
  /**
   * Why a stored request can't be handed out, or undefined if it can: it must be decodable and have that generation.
   */
  requestProblem: (raw: Uint8Array, generation: Generation) => string | undefined;
  /** Opens a stored request; throws where it can't. Absent: what is stored is in clear. */
  requestOpen?: (stored: Uint8Array, owner: { machineId: MachineId; generation: Generation }) => Uint8Array;
  /** Maximum number of concurrent batches; each has a connection. */
  slots?: number;
  /** Maximum number of waiting entries; further ones are UNAVAILABLE at once. */
  maximumWaiting?: number;
}

/**
 * For statements that look up each input by primary key: a plan made while a table was small must not scan it later.
 */
export const planSettings = `${connectionSettings.options} -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan`;

/** Maximum attempts of a batch that PostgreSQL ends with 40001 or 40P01. */
const batchTries = 4;

const nothingToHear: HeartbeatOutcome = Object.freeze({ status: "ok" });

/** Opens its connections lazily. The next batch leaves when a slot frees, never on a timer. */
export function heartbeats(options: HeartbeatsOptions): Heartbeats {
  const { log, meter, sessions } = options;
  const slots = options.slots ?? 3;
  const pool = poolOpen(
    options.address,
    {
      ...connectionSettings,
      options: planSettings,
      max: slots,
      pipeline: true,
      application_name: "farrier heartbeats",
    },
    { log, failed: (code) => meter.failed?.(code) },
  );

  const queue = heartbeatQueue({
    slots,
    maximumWaiting: options.maximumWaiting ?? 10_000,
    run: async (batch) => {
      const begun = performance.now();
      await runBatch(batch);
      meter.batch(batch.length, (performance.now() - begun) / 1000);
    },
  });

  async function runBatch(batch: Waiting[]): Promise<void> {
    const session = sessions.current();
    if (session === undefined) {
      settleUnavailable(batch, "the server has no session: the database is or was unreachable");
      return;
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        settle(batch, await write(session.id, batch, true));
        return;
      } catch (error) {
        if (isUnavailable(error)) {
          settleUnavailable(batch, describeError(error));
          return;
        }
        if (!isRetryable(error)) {
          log.error(
            { error: describeError(error), size: batch.length },
            "a batch of heartbeats failed; trying them singly",
          );
          await runSingly(session.id, batch);
          return;
        }
        if (attempt >= batchTries) {
          settleUnavailable(batch, describeError(error));
          return;
        }
      }
    }
  }

  /**
   * One bad row must not cost other machines their heartbeat, and an unreadable request must not cost its own machine
   * its heartbeat.
   */
  async function runSingly(session: SessionId, batch: Waiting[]): Promise<void> {
    for (const waiting of batch) {
      meter.single();
      try {
        settle([waiting], await write(session, [waiting], true));
      } catch (first) {
        if (errorCode(first) === lockNotAvailable) {
          // Another transaction holds the machine's lock for longer than a heartbeat waits; reading less would not
          // help.
          settleUnavailable([waiting], describeError(first));
          continue;
        }
        try {
          settle([waiting], await write(session, [waiting], false), describeError(first));
        } catch (error) {
          const { machineId } = waiting.item.entry;
          log.error({ error: describeError(error), machine: machineId }, "a heartbeat could not be recorded");
          settleUnavailable([waiting], describeError(error));
        }
      }
    }
  }

  async function write(session: SessionId, batch: Waiting[], readRequest: boolean): Promise<BatchAnswer> {
    const client = await pool.connect();
    let failure: unknown;
    try {
      const entries = batch.map((waiting) => waiting.item);
      const [first] = entries;
      const kind = first === undefined ? "plain" : batchKind(first);
      return kind === "plain" || kind === "look"
        ? await plainBatch(client, session, entries, readRequest, kind)
        : await lockedBatch(client, session, entries, readRequest, kind);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(failure !== undefined && isUnavailable(failure));
    }
  }

  function settle(batch: Waiting[], { rows, silentOk }: BatchAnswer, readFailure?: string): void {
    for (const row of rows) {
      const waiting = batch[row[0] - 1];
      if (waiting !== undefined) {
        settleOne(waiting, row, readFailure);
      }
    }
    if (silentOk && rows.length < batch.length) {
      const answered = new Set(rows.map(([number]) => batch[number - 1]));
      for (const waiting of batch) {
        if (!answered.has(waiting)) {
          waiting.resolve(nothingToHear);
        }
      }
    }
  }

  /** A stored request's bytes for the agent, or why it can't be handed out. */
  function requestRead(
    stored: Uint8Array,
    owner: { machineId: MachineId; generation: Generation },
  ): Uint8Array | string {
    try {
      const raw = options.requestOpen?.(stored, owner) ?? stored;
      return options.requestProblem(raw, owner.generation) ?? raw;
    } catch (error) {
      return describeError(error);
    }
  }

  function settleOne(waiting: Waiting, row: HeartbeatRow, readFailure: string | undefined): void {
    const [, state, pending, raw, handed, calledOff, unasked, duplicate, mirrors] = row;
    if (state === entryState.sessionDead) {
      waiting.resolve({ status: "unavailable", cause: "the server's session is lost" });
      return;
    }
    if (state === entryState.unauthenticated) {
      waiting.resolve({ status: "unauthenticated" });
      return;
    }
    const outcome: HeartbeatOutcome & { status: "ok" } = { status: "ok" };
    if (calledOff !== null) {
      outcome.cancelledGeneration = calledOff as Generation;
    }
    if (unasked === true || waiting.unasked) {
      outcome.unasked = true;
    }
    if (duplicate) {
      outcome.duplicate = true;
      meter.duplicate?.();
    }
    if (pending !== null) {
      const generation = pending as Generation;
      const { machineId } = waiting.item.entry;
      const request = raw === null ? (readFailure ?? "it is empty") : requestRead(raw, { machineId, generation });
      if (typeof request === "string") {
        outcome.requestUnreadable = request;
      } else if (handed === true) {
        outcome.request = { generation, raw: request, mirrors: mirrors === true };
      } else if (waiting.item.offered === undefined) {
        handOut(waiting, generation, outcome.unasked === true);
        return;
      }
      // Offered but not handed out: another generation came meanwhile. The next heartbeat brings it.
    }
    waiting.resolve(outcome);
  }

  /** The heartbeat is recorded. It goes through the queue again, for the lock that handing out a request needs. */
  function handOut(waiting: Waiting, offered: Generation, unasked: boolean): void {
    const {
      hardware: _hardware,
      report: _report,
      endedRunId: _ended,
      features: _features,
      ...here
    } = waiting.item.entry;
    queue.push({ item: { ...waiting.item, entry: here, offered }, resolve: waiting.resolve, unasked });
  }

  function offer(item: BatchEntry, caller?: HeartbeatCaller): Promise<HeartbeatOutcome> {
    return new Promise((resolve) => {
      const waiting: Waiting = { item, resolve, unasked: false, ...(caller === undefined ? {} : { caller }) };
      if (!queue.offer(waiting)) {
        resolve({ status: "unavailable", cause: "too many heartbeats are waiting", overloaded: true });
        return;
      }
      caller?.whenEnded?.(() => {
        if (queue.withdraw(waiting)) {
          resolve({ status: "unavailable", cause: "the call has ended" });
        }
      });
    });
  }

  return {
    submit: (entry, keyIdentity, caller) => offer({ entry, keyIdentity }, caller),
    look: (entry, keyIdentity, caller) => offer({ entry, keyIdentity, look: true }, caller),
    waiting: () => queue.length(),
    [Symbol.asyncDispose]: async () => {
      await queue.drain();
      await pool.end();
    },
  };
}

function settleUnavailable(batch: Waiting[], cause: string): void {
  for (const { resolve } of batch) {
    resolve({ status: "unavailable", cause });
  }
}
