import { CliError } from "../cli/errors.ts";
import type { Database, DatabaseAddress } from "../database/connect.ts";
import { isUnavailable } from "../database/errors.ts";
import { describeError } from "../lib/errors.ts";

const advice = "see --database-url and FARRIER_DATABASE_URL";

/** The address that a URL names. @throws {CliError} `usage`; the URL itself is not told, a password may be in it */
export function databaseAddress(url: string): DatabaseAddress {
  if (!/^postgres(?:ql)?:\/\//u.test(url)) {
    throw new CliError(
      "usage",
      `the database's URL is none: expected one such as postgresql://user:password@host:5432/farrier; ${advice}`,
    );
  }
  return { connectionString: url };
}

/** Looks whether the database answers, before anything is asked of it. @throws {CliError} `unreachable`, `failed` */
export async function databaseReach(database: Database): Promise<void> {
  try {
    await database.pool.query("SELECT 1");
  } catch (error) {
    const why = describeError(error);
    throw isUnavailable(error)
      ? new CliError("unreachable", `the database can't be reached (${why}): start PostgreSQL there; ${advice}`, {
          cause: error,
        })
      : new CliError("failed", `the database does not let farrier in (${why}): ${advice}`, { cause: error });
  }
}
