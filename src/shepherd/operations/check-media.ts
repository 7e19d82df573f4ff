import { mediumSecret, mediumUrl } from "../../contract/medium-path.ts";
import { ControllerError } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumServer } from "../../database/queries/boot/medium-server.ts";
import {
  mediumTestEnd,
  mediumTestInserted,
  mediumTestOpen,
  mediumTestProgress,
  type MediumTestProgress,
} from "../../database/queries/boot/medium-test.ts";
import { mediumTestLeft } from "../../database/queries/boot/medium-test-left.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import { describeError } from "../../lib/errors.ts";
import type { Controllers } from "../controllers.ts";
import { mediumTestEject } from "../means/medium-test-eject.ts";
import { controllerAddresses } from "../means/medium-way.ts";
import type { CheckLine } from "./check-line.ts";
import type { CarryOutOptions } from "./options.ts";

/** Seconds within which a controller has to come for a test medium that it shows as inserted. */
const comes = 60;
/** Seconds for which the test medium is served: insertion and ejection may take minutes. */
const served = 600;
/** Milliseconds within which the test medium is ejected at the end. A shepherd that is stopped waits for it. */
const ejectTime = 60_000;
const notEjected = "the test medium is not ejected within a minute; the shepherd goes on trying";

/**
 * Inserts a test medium, which is the boot medium without a configuration, waits until the controller has requested it, and
 * ejects it. A medium of anybody else, a start's too, stays in its drive.
 * @throws {DatabaseError}; the signal's reason
 */
export async function checkMedia(
  machineId: MachineId,
  { database, controllers, clock }: Pick<CarryOutOptions, "database" | "controllers" | "clock">,
  signal: AbortSignal,
): Promise<CheckLine> {
  const server = await mediumServer(database, machineId);
  const record = await controllerOf(database.kysely, machineId);
  if (server === undefined || record === undefined || controllers === undefined) {
    return {
      ok: false,
      what: "no boot medium is served, so that none can be tried",
      remedy: "`farrier boot-image build --iso` makes one; `farrier up` or `farrier netboot` serves it",
    };
  }
  const secret = mediumSecret();
  const begun = clock.monotonic();
  const { digest } = secret;
  let test: { slot: string | null; ejected: boolean } | undefined;
  try {
    await leftEject(machineId, { database, controllers }, signal);
    const opened = { digest, fetchers: await controllerAddresses(record.url), seconds: served };
    if (!(await mediumTestOpen(database, machineId, opened))) {
      return {
        ok: false,
        what: "its drive is not tried: an agent is being started on the machine",
        remedy: "try again when that has ended",
      };
    }
    const its = { slot: null as string | null, ejected: false };
    test = its;
    const url = mediumUrl(server.url, secret);
    return await controllers.use(machineId, async (client) => {
      try {
        its.slot = await client.mediaInsert(url, signal, { freeOnly: true });
        await mediumTestInserted(database, machineId, { digest, slot: its.slot });
        let progress = await mediumTestProgress(database, machineId);
        const until = clock.monotonic() + comes * 1000;
        while (progress.fetchedBy === undefined && clock.monotonic() < until) {
          await clock.sleep(500, signal);
          progress = await mediumTestProgress(database, machineId);
        }
        return mediaLine(progress, { server: server.url, seconds: Math.ceil((clock.monotonic() - begun) / 1000) });
      } finally {
        // Also when the check was told to end: with a limit of its own.
        const limit = AbortSignal.timeout(ejectTime);
        await mediumTestEject(client, { digest, slot: its.slot }, limit).catch((error: unknown) => {
          throw limit.aborted ? new ControllerError("not_done", notEjected, { cause: error }) : error;
        });
        its.ejected = true;
      }
    });
  } catch (error) {
    if (!(error instanceof ControllerError)) {
      throw error;
    }
    // A controller that refuses a medium may have requested it before.
    const { refusedFetcher, fetchedBy } = await mediumTestProgress(database, machineId);
    return refusedFetcher === undefined || fetchedBy !== undefined
      ? { ok: false, what: `the test medium: ${describeError(error)}`, remedy: remedyOf(server.url) }
      : mediaLine({ refusedFetcher }, { server: server.url, seconds: 0 });
  } finally {
    if (test !== undefined) {
      await mediumTestEnd(database, machineId, { digest, ejected: test.ejected });
    }
  }
}

/** Ejects the medium of an earlier check that was lost with its shepherd. @throws {ControllerError}; {DatabaseError} */
async function leftEject(
  machineId: MachineId,
  { database, controllers }: { database: Database; controllers: Controllers },
  signal: AbortSignal,
): Promise<void> {
  const left = await mediumTestLeft(database, machineId);
  if (left !== undefined) {
    await controllers.use(machineId, (client) => mediumTestEject(client, left, signal));
    await mediumTestEnd(database, machineId, { digest: left.digest, ejected: true });
  }
}

/** The line of a check of virtual media. Pure. */
export function mediaLine(
  { fetchedBy, refusedFetcher }: MediumTestProgress,
  { server, seconds }: { server: string; seconds: number },
): CheckLine {
  if (fetchedBy !== undefined) {
    return {
      ok: true,
      what: `it came from ${fetchedBy} for a test medium, within ${seconds} s, which is ejected again`,
    };
  }
  return refusedFetcher === undefined
    ? {
        ok: false,
        what: `it shows the test medium as inserted, and has not come for it within ${comes} s`,
        remedy: remedyOf(server),
      }
    : {
        ok: false,
        what: `its test medium was requested from ${refusedFetcher}, which is not its controller's address, and was refused`,
        remedy: "add the controller by the address from which it reaches `farrier netboot`",
      };
}

function remedyOf(server: string): string {
  return `does the controller reach ${server} (the flag --media-url of netboot), and has it the licence for virtual media`;
}
