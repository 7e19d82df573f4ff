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

/** Opens a controller by its tag: with its credential, by its protocol. */
export type ControllerOpen = (
  record: Pick<ControllerRecord, "protocol" | "url" | "system" | "credentialId" | "trust">,
) => Promise<Controller>;

/** How a shepherd reaches controllers. */
export interface ControllerAccess {
  open: ControllerOpen;
  /** The certificate that a controller shows at the first contact; nothing else is sent or read. @throws {ControllerError} */
  certificateRead: (url: string, credentialId: CredentialId, signal: AbortSignal) => Promise<ShownCertificate>;
}

/** A certificate at the first contact. */
export interface ShownCertificate {
  /** Of its DER, in hex. */
  sha256: string;
  subject: string;
  validTo: Date;
}

/** The controllers of machines, each opened when it is first needed and kept for the next time. */
export interface Controllers extends AsyncDisposable {
  /**
   * Does something with a machine's controller, and notes that it answered or why it did not.
   * @throws {ControllerError} where it has none too (`unsupported`)
   */
  use<T>(machineId: MachineId, action: (controller: Controller) => Promise<T>): Promise<T>;
}

interface Kept {
  /** What it was opened by: another key opens it anew. */
  key: string;
  controller: Promise<Controller>;
  /** After a refused login: not before, and how often it was refused. */
  refused?: { notBefore: number; times: number };
}

/** Controllers that are kept open: each has a session, and a connection now and then. */
const keptLimit = 64;
/** Milliseconds until a refused login is tried again: controllers lock accounts. */
const loginPolicy = { initial: 60_000, maximum: 3_600_000, factor: 2 };
/** Failures that say something of the controller itself, not of what was asked. */
const itsOwn = new Set([
  "unreachable",
  "untrusted",
  "credential_unusable",
  "address_refused",
  "unauthorized",
  "forbidden",
  "password_change_required",
  "not_a_controller",
  "answer_invalid",
]);

/** Controllers by their machines' tags. @param open throws {ControllerError} where it can't be opened, the credential's faults included */
export function controllersOf(
  database: Database,
  { open, clock }: { open: ControllerOpen; clock: Clock },
): Controllers {
  const kept = new Map<MachineId, Kept>();

  function forget(machineId: MachineId): void {
    const entry = kept.get(machineId);
    kept.delete(machineId);
    void entry?.controller.then((controller) => controller[Symbol.asyncDispose]()).catch(() => undefined); // It was never open.
  }

  function opened(machineId: MachineId, record: ControllerRecord): Kept {
    const key = JSON.stringify([record.url, record.system, record.credentialId, record.trust, record.setAt]);
    const before = kept.get(machineId);
    if (before?.key === key) {
      // The newest last.
      kept.delete(machineId);
      kept.set(machineId, before);
      return before;
    }
    forget(machineId);
    const [oldest] = kept.keys();
    if (kept.size >= keptLimit && oldest !== undefined) {
      forget(oldest);
    }
    const entry: Kept = { key, controller: open(record) };
    entry.controller.catch(() => undefined); // `use` says so.
    kept.set(machineId, entry);
    return entry;
  }

  return {
    async use(machineId, action) {
      const record = await controllerOf(database.kysely, machineId);
      if (record === undefined) {
        throw new ControllerError(
          "unsupported",
          "this machine has no controller: `farrier bmc add --help` says how to add it",
        );
      }
      const entry = opened(machineId, record);
      if (entry.refused !== undefined && clock.monotonic() < entry.refused.notBefore) {
        const seconds = Math.ceil((entry.refused.notBefore - clock.monotonic()) / 1000);
        throw new ControllerError(
          "unauthorized",
          `its controller refused user name and password; it is not asked again for ${seconds} s, because controllers lock accounts`,
        );
      }
      try {
        const result = await action(await entry.controller);
        delete entry.refused;
        await controllerAnswered(database, machineId);
        return result;
      } catch (error) {
        if (error instanceof ControllerError && itsOwn.has(error.code)) {
          if (error.code === "unauthorized") {
            const times = (entry.refused?.times ?? 0) + 1;
            entry.refused = { times, notBefore: clock.monotonic() + retryDelay(loginPolicy, times - 1) };
          } else {
            forget(machineId);
          }
          await controllerFailed(database, machineId, { code: error.code, cause: error.message });
        }
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      const entries = [...kept.values()];
      kept.clear();
      await Promise.allSettled(entries.map(async ({ controller }) => (await controller)[Symbol.asyncDispose]()));
    },
  };
}
