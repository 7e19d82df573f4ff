import type { MachineId } from "../../database/ids.ts";
import type { ChangeCursor, ChangesPage } from "../../database/queries/views/machine-changes.ts";
import type { Clock } from "../../lib/clock.ts";
import { waiters } from "./waiters.ts";

/** Changed machines that are kept for a watch; with more, it reads the database itself. */
const kept = 1_000;

/** The changes that a watch has not taken yet: the newest of each machine. */
export interface MachineFollower extends Disposable {
  /** Resolves when changes are collected. @throws what the database said */
  ready: Promise<void>;
  /**
   * What came since the last call, with the cursor behind it; undefined if nothing has come yet, or too much: then the
   * database has to be read. @throws what the database said
   */
  take(): ChangesPage | undefined;
  /** Resolves when there is something to take, after `milliseconds`, or when the signal aborts. */
  wait(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void>;
}

/** The tail's side of it. */
export interface OpenFollower extends MachineFollower {
  add(page: ChangesPage): void;
  fail(error: unknown): void;
}

/** A follower of all changes, or of those of some machines; `close` is called once it is disposed of. */
export function machineFollower(
  { machines }: { machines?: ReadonlySet<MachineId> },
  ready: Promise<void>,
  close: () => void,
): OpenFollower {
  let pending = new Map<MachineId, boolean>();
  let overflow = false;
  let newest: { cursor: ChangeCursor; at: Date } | undefined;
  let failed: { error: unknown } | undefined;
  const waiting = waiters();
  const something = (): boolean => pending.size > 0 || overflow || failed !== undefined;

  return {
    ready,
    add: (page) => {
      newest = { cursor: page.cursor, at: page.at };
      for (const { machineId, deleted } of page.changes) {
        if (overflow) {
          break;
        }
        if (machines === undefined || machines.has(machineId)) {
          pending.set(machineId, deleted);
        }
        if (pending.size > kept) {
          overflow = true;
          pending = new Map();
        }
      }
      if (something()) {
        waiting.waken();
      }
    },
    fail: (error) => {
      failed = { error };
      waiting.waken();
    },
    take: () => {
      if (failed !== undefined) {
        throw failed.error;
      }
      if (overflow || newest === undefined) {
        overflow = false;
        return undefined;
      }
      const changes = [...pending].map(([machineId, deleted]) => ({ machineId, deleted }));
      pending = new Map();
      return { changes, ...newest, more: false };
    },
    wait: async (milliseconds, clock, signal) => {
      if (!something() && !signal.aborted) {
        await waiting.wait(milliseconds, clock, signal);
      }
    },
    [Symbol.dispose]: close,
  };
}
