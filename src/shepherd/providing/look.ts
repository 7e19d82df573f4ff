import type { Database } from "../../database/connect.ts";
import { doubtsAccepted } from "../../database/queries/provider/provider-doubt.ts";
import { providerSeen } from "../../database/queries/provider/provider.ts";
import type { SessionHolder } from "../../database/session-holder.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { abortable } from "../abortable.ts";
import type { ProvidedListing, Provider } from "../provider.ts";
import { providerListing, providerSync } from "../provider-sync.ts";

/** What the loop of one provider needs. */
export interface ProviderLookOptions {
  database: Database;
  sessions: SessionHolder;
  log: Logger;
  clock: Clock;
  signal: AbortSignal;
  /** Milliseconds between two listings, unless the provider has a pace of its own. */
  interval: number;
  turned: (outcome: "ok" | "failed" | "held") => void;
}

/** Milliseconds after which a list is compared with the database again, though it has not changed. */
const anew = 300_000;

/** Milliseconds between two notes that a list is the same as before. */
const seenPace = 30_000;

/** What was stored last. */
interface Look {
  listing: ProvidedListing;
  at: number;
  held: string | undefined;
  /** Number of machines of which an operator had accepted what the list says; 0 if it is not held. */
  accepted: number;
}

/** Lists a provider at its pace, and stores what it lists, until the signal aborts. */
export async function providerLook(
  provider: Provider & { list: NonNullable<Provider["list"]> },
  options: ProviderLookOptions,
): Promise<void> {
  const { database, clock, log, signal } = options;
  let last: Look | undefined;
  let said = "";
  let seen = 0;
  while (!signal.aborted) {
    try {
      const session = await abortable(options.sessions.next(), signal);
      const listing = await providerListing(database, provider, signal);
      // Counted before the sync: what is accepted during it leads to another one.
      const accepted = await acceptedNumber(database, provider.name, last);
      const due = last?.listing !== listing || last.accepted !== accepted || clock.monotonic() - last.at >= anew;
      if (due) {
        const { held } = await providerSync(database, provider, listing, { log, signal, session });
        last = { listing, at: clock.monotonic(), held, accepted: held === undefined ? 0 : accepted };
        said = saidOnce({ listing, held }, said, provider.name, log);
        seen = clock.monotonic();
      } else if (clock.monotonic() - seen >= seenPace) {
        await providerSeen(database, provider.name);
        seen = clock.monotonic();
      }
      options.turned(last?.held === undefined ? "ok" : "held");
    } catch (error) {
      last = undefined;
      if (!signal.aborted) {
        options.turned("failed");
        const text = describeError(error);
        (text === said ? log.debug.bind(log) : log.warn.bind(log))(
          { provider: provider.name, error: text },
          "a provider's sync failed; trying again",
        );
        said = text;
      }
    }
    await pause(provider, last, options);
  }
}

/** Waits until the list is due again, or an operator has accepted a list that is held. */
async function pause(
  { name, pace }: Provider,
  last: Look | undefined,
  { database, clock, signal, interval }: ProviderLookOptions,
): Promise<void> {
  const isHeld = last?.held !== undefined;
  const step = isHeld ? interval : Infinity;
  for (let left = pace ?? interval; left > 0 && !signal.aborted; left -= step) {
    await clock.sleep(Math.min(left, step), signal).catch(() => undefined);
    // If the database does not answer, the next look says so.
    if (isHeld && (await acceptedNumber(database, name, last).catch(() => last.accepted)) !== last.accepted) {
      return;
    }
  }
}

/** The number of machines of which an operator has accepted what the list says: where nothing is held, none. */
async function acceptedNumber(database: Database, provider: string, last: Look | undefined): Promise<number> {
  return last !== undefined && last.held === undefined ? 0 : (await doubtsAccepted(database, provider)).size;
}

/** Logs what is wrong with a list, once for each new text; returns that text. */
function saidOnce(
  { listing, held }: { listing: ProvidedListing; held: string | undefined },
  before: string,
  provider: string,
  log: Logger,
): string {
  const { problems = [] } = listing;
  const text = JSON.stringify([held, problems]);
  if (text === before) {
    return text;
  }
  if (held !== undefined) {
    log.error(
      { provider, cause: held },
      `the provider's list is not believed, and its work stops: look at it, then \`farrier provider accept ${provider}\``,
    );
  }
  if (problems.length > 0) {
    log.warn({ provider, problems: problems.slice(0, 10) }, "not all of the provider's list can be taken");
  }
  return text;
}
