import { errorCode } from "../../lib/errors.ts";

/** Why PostgreSQL refuses, although it answers; `code` is the database layer's. */
export interface DatabaseTrouble {
  code: "unavailable" | "busy";
  /** What is wrong and what to do. It names no role and no database: callers who are not authenticated read it too. */
  text: string;
}

const closed: DatabaseTrouble = {
  code: "unavailable",
  text: "the database does not let Farrier in: check user, password and database name in --database-url, and PostgreSQL's pg_hba.conf",
};
const rights: DatabaseTrouble = {
  code: "unavailable",
  text: "the database's user may not do what Farrier needs: make it the owner of the database and of its tables",
};

/** By SQLSTATE. Damaged data is not among them: it may be one row's, and the others are answered (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const troubles: readonly (readonly [RegExp, DatabaseTrouble])[] = [
  [/^(?:28...|3D000)$/u, closed],
  [
    /^53300$/u,
    {
      code: "unavailable",
      text: "the database has no connection left for Farrier: raise PostgreSQL's max_connections, or the limit of its role or database, or end other clients",
    },
  ],
  [
    /^53100$/u,
    {
      code: "unavailable",
      text: "the disk of the database is full: make room there; what was acknowledged is kept",
    },
  ],
  [
    /^53200$/u,
    { code: "unavailable", text: "the database is out of memory: give its host more, or end other clients" },
  ],
  [
    /^57014$/u,
    {
      code: "busy",
      text: "the database did not finish in time, or was told to give up: try again; if it happens again, see what else it is doing",
    },
  ],
];

/**
 * Explains an error of PostgreSQL that is neither the statement's fault nor a broken connection; undefined for any
 * other. Codes that Farrier's own triggers use too count only if PostgreSQL itself raised them. Pure.
 */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  const code = errorCode(error) ?? "";
  // The name of the function in PostgreSQL's source.
  const routine = (error as { routine?: unknown } | undefined)?.routine;
  if (code === "42501" && routine === "aclcheck_error") {
    return rights;
  }
  if ((code === "42501" || code === "55000") && routine === "CheckMyDatabase") {
    return closed;
  }
  return troubles.find(([pattern]) => pattern.test(code))?.[1];
}
