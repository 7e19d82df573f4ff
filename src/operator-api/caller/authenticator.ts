import type { Database } from "../../database/connect.ts";
import { tokensValid, tokenUsed } from "../../database/queries/access/token.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { createAuthenticator, type Authenticator } from "./authenticate.ts";
import { failedAttempts } from "./failed-attempts.ts";
import { tokenTable } from "./token-table.ts";

/** Milliseconds between notes that a token was used; the record says no more than within some minutes anyway. */
const usedInterval = 60_000;

/** The authenticator on a database. */
export function databaseAuthenticator(options: {
  database: Database;
  /** The data directory's token. */
  localToken: string;
  log: Logger;
  clock: Clock;
}): Authenticator {
  const { database, log, clock } = options;
  // Of the valid tokens, of which there are few.
  const noted = new Map<string, number>();
  return createAuthenticator({
    localToken: options.localToken,
    tokens: tokenTable({ load: () => tokensValid(database), clock }),
    attempts: failedAttempts(clock),
    used: (id) => {
      const now = clock.monotonic();
      if (now - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < usedInterval) {
        return;
      }
      noted.set(id, now);
      tokenUsed(database, id).catch((error: unknown) => {
        // The next use notes it.
        noted.delete(id);
        log.debug({ token: id, error: describeError(error) }, "that a token was used could not be noted");
      });
    },
  });
}
