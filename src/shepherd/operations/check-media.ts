import { isMediumUrl, mediumSecret, mediumUrl } from "../../contract/medium-path.ts";
import { ControllerError } from "../../controllers/controller.ts";
import type { MachineId } from "../../database/ids.ts";
import { mediumServer } from "../../database/queries/boot/medium-server.ts";
import {
  mediumTestEnd,
  mediumTestOpen,
  mediumTestProgress,
  type MediumTestProgress,
} from "../../database/queries/boot/medium-test.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import { describeError } from "../../lib/errors.ts";
import { controllerAddresses, isOwnMedium } from "../means/medium-way.ts";
import type { CheckLine } from "./check-line.ts";
import type { CarryOutOptions } from "./options.ts";

/** Seconds within which a controller has to come for a test medium that it shows as inserted. */
const comes = 60;
/** Seconds for which the test medium is served: insertion and ejection may take minutes. */
const served = 600;

/**
 * Inserts a test medium, which is the boot medium without a configuration, waits until the controller has requested it, and
 * ejects it. A medium of somebody else stays in its drive.
 * @throws {DatabaseError}; the signal's reason
 */
export async function checkMedia(
  machineId: MachineId,
  { database, controllers, clock }: Pick<CarryOutOptions, "database" | "controllers" | "clock">,
  signal: AbortSignal,
): Promise<CheckLine> {
  const server = await mediumServer(database);
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
  try {
    const test = { digest: secret.digest, fetchers: await controllerAddresses(record.url), seconds: served };
    if (!(await mediumTestOpen(database, machineId, test))) {
      return {
        ok: false,
        what: "its drive is not tried: an agent is being started on the machine",
        remedy: "try again when that has ended",
      };
    }
    const url = mediumUrl(server.url, secret);
    return await controllers.use(machineId, async (client) => {
      // Of a check or a start that was interrupted.
      await client.mediaEject((image) => image !== undefined && isMediumUrl(image), signal);
      try {
        await client.mediaInsert(url, signal, { freeOnly: true });
        let progress = await mediumTestProgress(database, machineId);
        const until = clock.monotonic() + comes * 1000;
        while (progress.fetchedBy === undefined && clock.monotonic() < until) {
          await clock.sleep(500, signal);
          progress = await mediumTestProgress(database, machineId);
        }
        return mediaLine(progress, { server: server.url, seconds: Math.ceil((clock.monotonic() - begun) / 1000) });
      } finally {
        await client.mediaEject(isOwnMedium, signal);
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
    await mediumTestEnd(database, machineId);
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
