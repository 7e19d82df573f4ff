import { randomUUID } from "node:crypto";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { ControllerError } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { machineId as toMachineId } from "../../database/ids.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import { controllerAdd } from "../../database/queries/controller/controller-add.ts";
import {
  controllerWantedDone,
  controllerWantedFailed,
  type ControllerWantedDue,
  controllerWantedTake,
} from "../../database/queries/provider/controller-wanted.ts";
import { credentialShow } from "../../database/queries/secret/credential.ts";
import { transact } from "../../database/transaction.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { ControllerAccess } from "../controllers.ts";

/** What the loop needs. */
export interface WantedControllersOptions {
  database: Database;
  access: ControllerAccess;
  /** Names of the providers that this shepherd works on. */
  providers: () => readonly string[];
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two looks if none is due. */
  interval: number;
}

/** Controllers that are read at once. */
const parallelism = 16;
/** Milliseconds for reading one. */
const readTime = 120_000;

/**
 * Reads the controllers that inventories name for their machines, and stores each as its machine's, as `farrier bmc add` does,
 * until the signal aborts. It switches nothing.
 */
export async function wantedControllers(options: WantedControllersOptions): Promise<void> {
  const { database, clock, log, signal } = options;
  const busy = new Set<Promise<void>>();
  while (!signal.aborted) {
    let taken: ControllerWantedDue[] = [];
    try {
      taken = await controllerWantedTake(database, options.providers(), parallelism - busy.size);
    } catch (error) {
      log.warn(
        { error: describeError(error) },
        "controllers that inventories name could not be looked for; trying again",
      );
    }
    for (const due of taken) {
      const done: Promise<void> = one(due, options).finally(() => busy.delete(done));
      busy.add(done);
    }
    if (taken.length === 0 || busy.size === parallelism) {
      const pause = new AbortController();
      const slept = clock.sleep(options.interval, AbortSignal.any([signal, pause.signal])).catch(() => undefined);
      await (busy.size === parallelism ? Promise.race(busy) : slept);
      pause.abort();
    }
  }
  await Promise.all(busy);
}

/** Reads and stores one. Never rejects: the next try is put off already. */
async function one(
  due: ControllerWantedDue,
  { database, access, log, signal }: WantedControllersOptions,
): Promise<void> {
  const { machineId, provider, wanted } = due;
  const either = AbortSignal.any([signal, AbortSignal.timeout(readTime)]);
  try {
    await store(due, database, access, either);
    log.info({ machine: machineId, provider, url: wanted.url }, "the controller that the inventory names is stored");
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    const known = error instanceof ControllerError || error instanceof DatabaseError;
    const failure = known
      ? { code: error.code, cause: error.message }
      : {
          code: "unreachable",
          cause: either.aborted ? `it did not answer within ${readTime / 1000} s` : describeError(error),
        };
    log.warn(
      { machine: machineId, provider, url: wanted.url, ...failure },
      "a controller that the inventory names could not be stored",
    );
    await controllerWantedFailed(database, due, failure).catch(() => undefined); // The next try records it.
  }
}

/** How the actor begins that sets controllers for a provider. */
const ofProvider = "provider ";

function isOfProvider(setBy: string): boolean {
  return setBy.startsWith(ofProvider);
}

async function store(
  due: ControllerWantedDue,
  database: Database,
  access: ControllerAccess,
  signal: AbortSignal,
): Promise<void> {
  const { machineId, provider, wanted, serial } = due;
  const { protocol, url, trust } = wanted;
  if (trust === undefined) {
    throw new ControllerError("untrusted", "nobody has accepted its certificate");
  }
  const before = await controllerOf(database.kysely, machineId);
  if (before?.url === url && before.system === (wanted.system ?? before.system) && !isOfProvider(before.setBy)) {
    // An operator has added it, perhaps after accepting its certificate.
    await transact(database, null, (tx) => controllerWantedDone(tx, due));
    return;
  }
  if (before !== undefined && !isOfProvider(before.setBy)) {
    throw new DatabaseError(
      "exists",
      `${before.setBy} has set another controller for this machine, ${before.url}: that one stays. If the inventory is right, remove it: \`farrier bmc remove ${machineId}\``,
    );
  }
  const { credentialId } = await credentialShow(database, { name: wanted.credential });
  await using controller = await access.open({ protocol, url, system: wanted.system ?? "", credentialId, trust });
  const facts = await controller.read(signal);
  if (serial !== undefined && facts.serials.length > 0 && !facts.serials.includes(serial)) {
    throw new DatabaseError(
      "refused",
      `the inventory has serial number ${serial} for this machine, its controller ${facts.serials.join(", ")}: one of the two is wrong`,
    );
  }
  await transact(database, null, async (tx) => {
    await controllerAdd(tx, {
      controller: { protocol, url, credentialId, trust, ...facts },
      identity: { smbiosUuid: smbiosUuidParse(facts.smbiosUuid ?? ""), macs: facts.macs },
      power: facts.power,
      machineId: toMachineId(randomUUID()),
      joins: machineId,
      startAgent: false,
      actor: { kind: "component", name: `${ofProvider}${provider}` },
    });
    if (!(await controllerWantedDone(tx, due))) {
      throw new DatabaseError("refused", "the inventory does not name this controller any more");
    }
  });
}
