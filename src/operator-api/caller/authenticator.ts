import type { Database } from "../../database/connect.ts";
import { tokensValid } from "../../database/queries/access/tokens-valid.ts";
import { tokenUsed } from "../../database/queries/access/token-used.ts";
import { consoleLinksValid } from "../../database/queries/console/console-links-valid.ts";
import { consoleSessionUsed } from "../../database/queries/console/console-session-used.ts";
import { consoleSessionsValid } from "../../database/queries/console/console-sessions-valid.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { createAuthenticator, type Authenticator } from "./authenticate.ts";
import { failedAttempts } from "./failed-attempts.ts";
import { missFreshFor, tokenTable } from "./token-table.ts";

/** Milliseconds between two records of a use; the stored times are accurate to a minute, or less. */
const usedInterval = 60_000;

/** The authenticator that reads tokens, and the console's sessions and codes, from the database. */
export function databaseAuthenticator(options: {
  database: Database;
  /** The data directory's token. */
  localToken: string;
  log: Logger;
  clock: Clock;
}): Authenticator {
  const { database, log, clock } = options;

  /** Records uses, of each id once a minute. */
  function usesNoted<Id extends string>(record: (id: Id) => Promise<void>): (id: Id) => void {
    // When each id's use was last recorded; older ones are dropped.
    const noted = new Map<Id, number>();
    return (id) => {
      const now = clock.monotonic();
      for (const [known, at] of noted) {
        if (now - at >= usedInterval) {
          noted.delete(known);
        }
      }
      if (noted.has(id)) {
        return;
      }
      noted.set(id, now);
      record(id).catch((error: unknown) => {
        // The next use records it.
        noted.delete(id);
        log.debug({ credential: id, error: describeError(error) }, "a credential's use could not be recorded");
      });
    };
  }

  return createAuthenticator({
    localToken: options.localToken,
    tokens: tokenTable({ load: () => tokensValid(database), clock }),
    consoleSessions: tokenTable({ load: () => consoleSessionsValid(database), clock }),
    consoleLinks: tokenTable({ load: () => consoleLinksValid(database), clock }),
    attempts: failedAttempts(clock),
    used: usesNoted((id) => tokenUsed(database, id)),
    pause: () => clock.sleep(missFreshFor + 10),
    sessionUsed: usesNoted((id) => consoleSessionUsed(database, id)),
  });
}
