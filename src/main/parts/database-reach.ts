import { CliError } from "../../cli/errors.ts";
import type { DatabaseAddress } from "../../database/address/database-address.ts";
import { databaseUrlRead } from "../../database/address/database-url.ts";
import { AddressError } from "../../database/address/errors.ts";
import type { Database } from "../../database/connect.ts";
import { databaseTrouble } from "../../database/connection/database-trouble.ts";
import { isReadOnly, isUnavailable, readOnlyText } from "../../database/errors.ts";
import { describeError } from "../../lib/errors.ts";

const advice = "see --database-url and FARRIER_DATABASE_URL";

/** Parses a database URL. @throws {CliError} `usage`, without the URL itself, which may contain a password */
export function databaseAddress(url: string): DatabaseAddress {
  try {
    return databaseUrlRead(url);
  } catch (error) {
    if (error instanceof AddressError) {
      throw new CliError("usage", `${error.message}; ${advice}`, { cause: error });
    }
    throw error;
  }
}

/**
 * Checks that the database answers and accepts writes, before it is used.
 * @throws {CliError} `unreachable`, `failed`
 */
export async function databaseReach(database: Database): Promise<void> {
  let readOnly: boolean;
  try {
    const { rows } = await database.pool.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
    readOnly = rows[0]?.transaction_read_only === "on";
  } catch (error) {
    throw unreachable(error);
  }
  if (readOnly) {
    throw new CliError("unreachable", readOnlyText);
  }
}

function unreachable(error: unknown): CliError {
  const why = describeError(error);
  if (isReadOnly(error)) {
    return new CliError("unreachable", readOnlyText, { cause: error });
  }
  const trouble = databaseTrouble(error);
  if (trouble !== undefined) {
    return new CliError("unreachable", `${trouble.text} (${why}); ${advice}`, { cause: error });
  }
  return isUnavailable(error)
    ? new CliError("unreachable", `the database can't be reached (${why}): start PostgreSQL there; ${advice}`, {
        cause: error,
      })
    : new CliError("failed", `the database does not let farrier in (${why}): ${advice}`, { cause: error });
}
