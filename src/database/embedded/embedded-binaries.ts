import { join } from "node:path";
import { describeError, errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { packageCopy } from "./embedded-copy.ts";
import { EmbeddedError } from "./embedded-error.ts";
import { type PostgresPackage, packageFind, packageHydrate } from "./embedded-package.ts";
import { runPostgresProgram } from "./embedded-run.ts";
import type { RunUser } from "./embedded-user.ts";

/** PostgreSQL's programs, verified to run as the user that will run them. */
export interface PostgresBinaries {
  /** The absolute path of the folder with initdb and postgres. */
  readonly bin: string;
  /** As `postgres -V` prints it: "18.4". */
  readonly version: string;
  readonly major: number;
}

/** Where root makes copies that PostgreSQL's user can reach; the first usable one is taken. */
const rootCopyDirectories = ["/var/cache/farrier", "/var/tmp/farrier"] as const;

/**
 * Finds programs that `user` can run: the installed package in place, otherwise a copy. (A checkout under /root is
 * closed to other users, and a package folder may be read-only and lack its links.)
 * @throws {EmbeddedError} binaries_missing, binaries_unusable
 */
export async function binariesPrepare(options: {
  /** A directory with other programs, used in place. */
  readonly binaries?: string | undefined;
  readonly user: RunUser | undefined;
  /** Where an ordinary user's copies go. */
  readonly directory: string;
  readonly log: Logger;
}): Promise<PostgresBinaries> {
  const { user, log } = options;
  if (options.binaries !== undefined) {
    return await probe(options.binaries, user);
  }
  const copies = user === undefined ? [join(options.directory, "programs")] : rootCopyDirectories;
  return await binariesFrom(await packageFind(), { user, copies, log });
}

/** The package in place, otherwise a copy in the first usable folder of `copies`; see binariesPrepare. */
export async function binariesFrom(
  source: PostgresPackage,
  { user, copies, log }: { user: RunUser | undefined; copies: readonly string[]; log: Logger },
): Promise<PostgresBinaries> {
  if (await packageHydrate(source.native, source.links)) {
    try {
      return await probe(join(source.native, "bin"), user);
    } catch (error) {
      if (user === undefined || errorCode(error instanceof Error ? error.cause : error) !== "EACCES") {
        throw error;
      }
      log.debug({ user }, "PostgreSQL's user can't reach its programs: using a copy");
    }
  }
  const failures: unknown[] = [];
  for (const base of copies) {
    try {
      return await probe(await packageCopy(source, base), user);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new EmbeddedError(
    "binaries_unusable",
    `PostgreSQL's programs in ${source.native} cannot be run from there, nor from a copy: ${failures.map(describeError).join("; ")}`,
    { cause: failures[0] },
  );
}

/** Runs `postgres -V` as the user, which tests path, permissions, mount options and libraries at once. */
async function probe(bin: string, user: RunUser | undefined): Promise<PostgresBinaries> {
  const program = join(bin, "postgres");
  const advice = "expected programs of PostgreSQL 15 or newer with their libraries; see the cause, or name a database";
  let result;
  try {
    result = await runPostgresProgram(program, ["-V"], { user });
  } catch (error) {
    const who = user === undefined ? "" : ` as user ${user.uid}`;
    throw new EmbeddedError("binaries_unusable", `cannot run ${program}${who} ${systemWords(error)}; ${advice}`, {
      cause: error,
    });
  }
  const version = /\(PostgreSQL\) (?<version>(?<major>\d+)\S*)/u.exec(result.stdout)?.groups;
  if (result.code !== 0 || version === undefined) {
    const said = (result.stderr + result.stdout).trim();
    throw new EmbeddedError("binaries_unusable", `${program} -V said "${said}": ${advice} with --database-url`);
  }
  return { bin, version: version["version"] ?? "", major: Number(version["major"]) };
}
