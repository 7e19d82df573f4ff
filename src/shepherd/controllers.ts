import { type Controller, ControllerError } from "../controllers/controller.ts";
import type { Database } from "../database/connect.ts";
import type { CredentialId, MachineId } from "../database/ids.ts";
import {
  controllerAnswered,
  controllerFailed,
  controllerOf,
  type ControllerRecord,
} from "../database/queries/controller/controller.ts";
import type { Clock } from "../lib/clock.ts";
import { retryDelay } from "../lib/retry.ts";

/** Opens a machine's controller, with its credential and by its protocol. */
export type ControllerOpen = (
  record: Pick<ControllerRecord, "protocol" | "url" | "system" | "credentialId" | "trust">,
) => Promise<Controller>;

/** How a shepherd opens controllers. */
export interface ControllerAccess {
  open: ControllerOpen;
  /** Reads the certificate at the first contact. Nothing but the TLS handshake is sent. @throws {ControllerError} */
  certificateRead: (url: string, credentialId: CredentialId, signal: AbortSignal) => Promise<ShownCertificate>;
}

/** A certificate that a controller showed at the first contact. */
export interface ShownCertificate {
  /** SHA-256 of its DER, in hex. */
  sha256: string;
  subject: string;
  validTo: Date;
}

/** The controllers of machines, each opened at its first use and kept for the next one. */
export interface Controllers extends AsyncDisposable {
  /**
   * Uses a machine's controller, and records that it answered or why it failed.
   * @throws {ControllerError} `unsupported` if the machine has no controller; and what `action` throws
   */
  use<T>(machineId: MachineId, action: (controller: Controller) => Promise<T>): Promise<T>;
}

interface Kept {
  /** The facts that it was opened with. If they change, the controller is opened again. */
  key: string;
  controller: Promise<Controller>;
  /** Number of uses under way: a controller in use is not closed. */
  users: number;
  /** Whether it is closed after its last use. */
  closing: boolean;
}

/** A refused login: the controller is not asked again before `notBefore`, unless its key changes. */
interface RefusedLogin {
  key: string;
  notBefore: number;
  times: number;
}

/** Maximum number of idle controllers that are kept open: each has a session, and at times a connection. */
const keptLimit = 64;
/** Milliseconds until a refused login is tried again. The delay grows, because controllers lock accounts. */
const loginPolicy = { initial: 60_000, maximum: 3_600_000, factor: 2 };
/** Failures of one request, which say nothing about the controller itself. */
const ofRequest: ReadonlySet<string> = new Set(["not_done", "refused"]);

/** Controllers by their machines' tags. `open` throws {ControllerError}, also for faults of the credential. */
export function controllersOf(
  database: Database,
  { open, clock }: { open: ControllerOpen; clock: Clock },
): Controllers {
  const kept = new Map<MachineId, Kept>();
  const refusals = new Map<MachineId, RefusedLogin>();

  function close(entry: Kept): void {
    entry.closing = true;
    if (entry.users === 0) {
      void entry.controller.then((controller) => controller[Symbol.asyncDispose]()).catch(() => undefined); // It was never open.
    }
  }

  /** Forgets this entry, not a newer one in its place. */
  function forget(machineId: MachineId, entry: Kept | undefined): void {
    if (entry !== undefined && kept.get(machineId) === entry) {
      kept.delete(machineId);
      close(entry);
    }
  }

  function opened(machineId: MachineId, record: ControllerRecord, key: string): Kept {
    const before = kept.get(machineId);
    if (before?.key === key) {
      // Moves it to the end: the newest comes last.
      kept.delete(machineId);
      kept.set(machineId, before);
      return before;
    }
    forget(machineId, before);
    const idle = [...kept].filter(([, { users }]) => users === 0);
    for (const [oldest, entry] of idle.slice(0, Math.max(0, idle.length - keptLimit + 1))) {
      forget(oldest, entry);
    }
    const entry: Kept = { key, controller: open(record), users: 0, closing: false };
    entry.controller.catch(() => undefined); // `use` reports it.
    kept.set(machineId, entry);
    return entry;
  }

  function refusedCheck(machineId: MachineId, key: string): void {
    const refused = refusals.get(machineId);
    if (refused === undefined || refused.key !== key) {
      refusals.delete(machineId);
    } else if (clock.monotonic() < refused.notBefore) {
      const seconds = Math.ceil((refused.notBefore - clock.monotonic()) / 1000);
      throw new ControllerError(
        "unauthorized",
        `its controller refused user name and password; it is not asked again for ${seconds} s, because controllers lock accounts`,
      );
    }
  }

  return {
    async use(machineId, action) {
      const record = await controllerOf(database.kysely, machineId);
      if (record === undefined) {
        forget(machineId, kept.get(machineId));
        refusals.delete(machineId);
        throw new ControllerError(
          "unsupported",
          "this machine has no controller: `farrier bmc add --help` says how to add it",
        );
      }
      const { url, system, credentialId, credentialRevision, trust, setAt } = record;
      const key = JSON.stringify([url, system, credentialId, credentialRevision, trust, setAt]);
      refusedCheck(machineId, key);
      const entry = opened(machineId, record, key);
      entry.users += 1;
      try {
        const result = await action(await entry.controller);
        refusals.delete(machineId);
        // The action has succeeded, even if this can't be recorded.
        await controllerAnswered(database, machineId).catch(() => undefined);
        return result;
      } catch (error) {
        if (!(error instanceof ControllerError)) {
          // The controller may never have been opened: the next use tries again.
          forget(machineId, entry);
        } else if (!ofRequest.has(error.code)) {
          if (error.code === "unauthorized") {
            const times = (refusals.get(machineId)?.times ?? 0) + 1;
            refusals.set(machineId, { key, times, notBefore: clock.monotonic() + retryDelay(loginPolicy, times - 1) });
          }
          forget(machineId, entry);
          // The controller's fault is what the caller has to hear of, whether it is recorded or not.
          await controllerFailed(database, machineId, { code: error.code, cause: error.message }).catch(
            () => undefined,
          );
        }
        throw error;
      } finally {
        entry.users -= 1;
        if (entry.closing) {
          close(entry);
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      const entries = [...kept.values()];
      kept.clear();
      await Promise.allSettled(entries.map(async ({ controller }) => (await controller)[Symbol.asyncDispose]()));
    },
  };
}
