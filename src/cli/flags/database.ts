import { CliError } from "../errors.ts";
import { textFlag } from "./flag.ts";

/** The flag of the commands that use a PostgreSQL. */
export interface DatabaseFlags {
  databaseUrl: string | undefined;
}

export const databaseFlag = { databaseUrl: textFlag("PostgreSQL to use (or FARRIER_DATABASE_URL)", "URL") } as const;

/** The database that the command line or the environment names; undefined = none. */
export function databaseUrlGiven(
  flags: DatabaseFlags,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return flags.databaseUrl ?? (env["FARRIER_DATABASE_URL"] || undefined);
}

/**
 * The database that the command line or the environment names.
 * @throws {CliError} `usage` where there is none
 */
export function databaseUrlRequired(flags: DatabaseFlags, env: Readonly<Record<string, string | undefined>>): string {
  const url = databaseUrlGiven(flags, env);
  if (url === undefined) {
    throw new CliError(
      "usage",
      "no database is named: give --database-url URL or FARRIER_DATABASE_URL (`farrier up` brings its own)",
    );
  }
  return url;
}
