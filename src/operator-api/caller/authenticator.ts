import type { Database } from "../../database/connect.ts";
import { tokensValid } from "../../database/queries/access/tokens-valid.ts";
import { tokenUsed } from "../../database/queries/access/token-used.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { createAuthenticator, type Authenticator } from "./authenticate.ts";
import { failedAttempts } from "./failed-attempts.ts";
import { tokenTable } from "./token-table.ts";

/** Milliseconds between two records of a token's use; the stored time is accurate to a few minutes only. */
const usedInterval = 60_000;

/** The authenticator that reads tokens from the database. */
export function databaseAuthenticator(options: {
  database: Database;
  /** The data directory's token. */
  localToken: string;
  log: Logger;
  clock: Clock;
}): Authenticator {
  const { database, log, clock } = options;
  // When each valid token's use was last recorded; there are few tokens.
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
        // The next use records it.
        noted.delete(id);
        log.debug({ token: id, error: describeError(error) }, "a token's use could not be recorded");
      });
    },
  });
}
