import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { deletionFind } from "../../database/queries/secret/deletion-find.ts";

/** What a command was about, for the case that it is deleted before the command is answered. */
export interface Commanded {
  /** Such as `rollout "web-1"`. */
  what: string;
  /** The command that deletes it, and the names by which that may have named it. */
  deletion: { command: string; names: readonly string[] };
  /** True for a command that makes what it is about. */
  makes: boolean;
}

/**
 * Reads what a command was about, for its answer. A command that is repeated, for example because its answer was lost,
 * may find that deleted: then the error says so, and by whom.
 * @throws {DatabaseError} `not_found`, with what happened; what `read` throws
 */
export async function shownAfter<Shown>(
  database: Database,
  { what, deletion, makes }: Commanded,
  read: () => Promise<Shown>,
): Promise<Shown> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === "not_found")) {
      throw error;
    }
    const found = await deletionFind(database, deletion);
    const how = found === undefined ? "" : `, by ${found.by} at ${found.at.toISOString()}`;
    const next = makes
      ? "to make another, give the command again with a new request id"
      : "there is nothing more to do";
    throw new DatabaseError("not_found", `this command was carried out, and ${what} was deleted since${how}: ${next}`, {
      cause: error,
    });
  }
}
