import type { Controller } from "../controllers/controller.ts";
import type { MachineId } from "../database/ids.ts";

/** The client of one machine's controller. */
export interface KeptController {
  /** What it was opened with. With another key, the controller is opened anew. */
  key: string;
  controller: Promise<Controller>;
  /** Number of uses under way: a controller in use is not closed. */
  users: number;
  /** Resolves once its session and connections are ended; absent = it may have a session. */
  rested?: Promise<void>;
  /** Whether it is closed after its last use. */
  closing: boolean;
}

/** Limits of {@link ControllerKeeping}. */
export interface KeepingLimits {
  /** Maximum number of idle controllers that keep their sessions. */
  awake: number;
  /** Maximum number of idle controllers whose clients are kept, because they know their way through the controller. */
  known: number;
}

/** Clients of controllers between two uses. Few keep a session: controllers have few, and a killed shepherd ends none. */
export class ControllerKeeping implements AsyncDisposable {
  readonly #limits: KeepingLimits;
  /** In the order of their last use. */
  readonly #kept = new Map<MachineId, KeptController>();
  /** Sessions that are being ended. */
  readonly #ending = new Set<Promise<void>>();

  constructor(limits: KeepingLimits) {
    this.#limits = limits;
  }

  /** Begins a use: each must end with `end`. */
  begin(machineId: MachineId, key: string, open: () => Promise<Controller>): KeptController {
    const before = this.#kept.get(machineId);
    if (before !== undefined && before.key !== key) {
      this.forget(machineId, before);
    }
    const entry = before?.key === key ? before : { key, controller: open(), users: 0, closing: false };
    entry.controller.catch(() => undefined); // The user of it hears of it.
    // The newest comes last.
    this.#kept.delete(machineId);
    this.#kept.set(machineId, entry);
    entry.users += 1;
    return entry;
  }

  /** The client for a use; waits while its last session is being ended. */
  async client(entry: KeptController): Promise<Controller> {
    const { rested } = entry;
    if (rested !== undefined) {
      await rested;
      delete entry.rested;
    }
    return entry.controller;
  }

  /** Ends a use. `brief`: its session is ended now if others keep theirs; resolves when that is done. */
  async end(entry: KeptController, { brief }: { brief: boolean }): Promise<void> {
    entry.users -= 1;
    if (entry.closing) {
      this.#rest(entry);
      return;
    }
    const awake = [...this.#kept].filter(([, { users, rested }]) => users === 0 && rested === undefined);
    const surplus = awake.length - this.#limits.awake;
    if (surplus > 0 && brief && entry.users === 0) {
      this.#rest(entry);
      await entry.rested;
    } else {
      awake.slice(0, Math.max(0, surplus)).forEach(([, oldest]) => this.#rest(oldest));
    }
    if (this.#kept.size > this.#limits.known) {
      const idle = [...this.#kept].find(([, { users }]) => users === 0);
      this.forget(idle?.[0], idle?.[1]);
    }
  }

  /** Forgets this client, not a newer one in its place. */
  forget(machineId: MachineId | undefined, entry: KeptController | undefined): void {
    if (machineId !== undefined && entry !== undefined && this.#kept.get(machineId) === entry) {
      this.#kept.delete(machineId);
      entry.closing = true;
      this.#rest(entry);
    }
  }

  /** Forgets the client of a machine that has no controller any more. */
  forgetMachine(machineId: MachineId): void {
    this.forget(machineId, this.#kept.get(machineId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.allSettled(entries.map(async ({ controller }) => (await controller)[Symbol.asyncDispose]()));
    await Promise.all(this.#ending);
  }

  #rest(entry: KeptController): void {
    if (entry.users === 0 && entry.rested === undefined) {
      // A controller that was never opened has nothing to end.
      const ended = entry.controller.then((controller) => controller[Symbol.asyncDispose]()).catch(() => undefined);
      entry.rested = ended;
      this.#ending.add(ended);
      void ended.finally(() => this.#ending.delete(ended));
    }
  }
}
