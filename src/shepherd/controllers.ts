import { createHash } from "node:crypto";
import { type Controller, ControllerError } from "../controllers/controller.ts";
import type { Database } from "../database/connect.ts";
import type { CredentialId, MachineId } from "../database/ids.ts";
import {
  controllerAnswered,
  controllerFailed,
  controllerOf,
  type ControllerReach,
  type ControllerRecord,
} from "../database/queries/controller/controller.ts";
import { loginAccepted, loginRefused } from "../database/queries/controller/refusal.ts";
import type { Clock } from "../lib/clock.ts";
import { ControllerKeeping } from "./controller-keeping.ts";

/** Opens a machine's controller, with its credential and by its protocol. */
export type ControllerOpen = (record: ControllerReach) => Promise<Controller>;

/** How a shepherd opens controllers. */
export interface ControllerAccess {
  open: ControllerOpen;
  /** Opens a controller with this password in place of the credential's. @throws {ControllerError} */
  openWith: (record: ControllerReach, password: string) => Promise<Controller>;
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

/** How a controller is used. */
export interface ControllerUse {
  /** The controller's record, if it was read a moment ago; absent = it is read. */
  record?: ControllerRecord | undefined;
  /** This is the only use for a while: the session is ended after it, unless few controllers are in use. */
  brief?: boolean;
  /** Tries a refused login again before its time, because an operator says so. */
  insist?: boolean;
  /** The caller records itself that the controller answered. */
  recorded?: boolean;
}

/** The controllers of machines, each opened at its first use and kept for the next one. */
export interface Controllers extends AsyncDisposable {
  /**
   * Uses a machine's controller, and records that it answered or why it failed. A login that the controller refused is
   * not tried again for a while, by any shepherd.
   * @throws {ControllerError} `unsupported` if the machine has no controller; and what `action` throws
   */
  use<T>(machineId: MachineId, action: (controller: Controller) => Promise<T>, how?: ControllerUse): Promise<T>;
}

/** 64 sessions at controllers; 4,096 clients take some 40 MB. */
const keepingLimits = { awake: 64, known: 4096 };
/**
 * Seconds until a refused login is tried again: five minutes, then longer, because controllers lock accounts after a
 * few refusals (Supermicro after 3, Lenovo after 5), most of them for minutes to an hour.
 */
const refusalPace = { first: 300, most: 14_400 };
/** Failures of one request, which say nothing about the controller itself. */
const ofRequest: ReadonlySet<string> = new Set(["not_done", "refused"]);

/** Controllers by their machines' tags. `open` throws {ControllerError}, also for faults of the credential. */
export function controllersOf(
  database: Database,
  { open, clock }: { open: ControllerOpen; clock: Clock },
): Controllers {
  const keeping = new ControllerKeeping(keepingLimits);
  /** Refusals that the database did not take, with the time until which they count here. */
  const unrecorded = new Map<string, number>();

  function refusedCheck({ refusal }: ControllerRecord, tried: Buffer): void {
    const known = refusal !== undefined && tried.equals(refusal.tried) ? refusal.secondsLeft : 0;
    const own = ((unrecorded.get(tried.toString("hex")) ?? 0) - clock.monotonic()) / 1000;
    const left = Math.ceil(Math.max(known, own));
    if (left > 0) {
      throw new ControllerError(
        "unauthorized",
        `its controller refused user name and password; it is not asked again for ${left} s, because controllers lock accounts`,
      );
    }
  }

  async function refused(machineId: MachineId, tried: Buffer): Promise<void> {
    await loginRefused(database, machineId, tried, refusalPace).catch(() => {
      unrecorded.set(tried.toString("hex"), clock.monotonic() + refusalPace.first * 1000);
    });
  }

  async function accepted(machineId: MachineId, { refusal }: ControllerRecord, tried: Buffer): Promise<void> {
    unrecorded.delete(tried.toString("hex"));
    if (refusal !== undefined) {
      await loginAccepted(database, machineId);
    }
  }

  return {
    async use(machineId, action, { record: given, brief = false, insist = false, recorded = false } = {}) {
      const record = given ?? (await controllerOf(database.kysely, machineId));
      if (record === undefined) {
        keeping.forgetMachine(machineId);
        throw new ControllerError(
          "unsupported",
          "this machine has no controller: `farrier bmc add --help` says how to add it",
        );
      }
      const key = keyOf(record);
      const tried = createHash("sha256").update(key).digest();
      if (!insist) {
        refusedCheck(record, tried);
      }
      const entry = keeping.begin(machineId, key, () => open(record));
      let usable = false;
      try {
        const controller = await keeping.client(entry);
        usable = true;
        const result = await action(controller);
        // The action has succeeded, even if this can't be recorded.
        await accepted(machineId, record, tried).catch(() => undefined);
        if (!recorded) {
          await controllerAnswered(database, machineId).catch(() => undefined);
        }
        return result;
      } catch (error) {
        if (!(error instanceof ControllerError)) {
          // The controller may never have been opened: the next use tries again.
          keeping.forget(machineId, entry);
        } else if (!ofRequest.has(error.code)) {
          // While a change of the password is open, the next use tries the other secret too.
          if (error.code === "unauthorized" && !(usable && record.nextSecret)) {
            await refused(machineId, tried);
          }
          keeping.forget(machineId, entry);
          // The controller's fault is what the caller has to hear of, whether it is recorded or not.
          await controllerFailed(database, machineId, { code: error.code, cause: error.message }).catch(
            () => undefined,
          );
        }
        throw error;
      } finally {
        await keeping.end(entry, { brief });
      }
    },
    [Symbol.asyncDispose]: () => keeping[Symbol.asyncDispose](),
  };
}

/** What a controller is opened with. */
function keyOf({ url, system, credentialId, credentialRevision, trust, setAt }: ControllerRecord): string {
  return JSON.stringify([url, system, credentialId, credentialRevision, trust, setAt]);
}
