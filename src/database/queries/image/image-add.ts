import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";

/** A version that is to be added. */
export interface NewImageVersion extends SecretsCommand {
  name: string;
  /** Seals the source for its row. */
  seal: (version: number) => Uint8Array;
  shownUrl: string;
  /** sha256:HEX; absent = as it is fetched. */
  askedDigest?: string;
  signed: boolean;
  cached: boolean;
  /** Anybody who reaches a cache may have its bytes. */
  isPublic: boolean;
  /** Throws if the image must not be added. Called once the command is known to be no repeated one. */
  check: () => void;
  createdBy: string;
}

/** Versions of one image. More are a mistake of a program. */
const versionsMost = 10_000;

/**
 * Adds a version of an image, once per request id, and the image if there is none of that name. Resolves to its number.
 * @throws {DatabaseError} `request_id_reused`; `refused` after 10,000 versions; `unavailable`; and what `check` throws
 */
export async function imageAdd(database: Database, added: NewImageVersion): Promise<number> {
  const { name } = added;
  const answer = await secretsCommandOnce(database, added, async (tx) => {
    added.check();
    // The row's lock makes one adding wait for another, so no number is given twice.
    const { rows } = await sql<{ last_version: number }>`
      INSERT INTO catalogue_image (image_name, last_version, created_by) VALUES (${name}, 1, ${added.createdBy})
      ON CONFLICT (image_name) DO UPDATE SET last_version = catalogue_image.last_version + 1
      RETURNING last_version`.execute(tx);
    const version = rows[0]?.last_version ?? 1;
    if (version > versionsMost) {
      throw new DatabaseError(
        "refused",
        `image ${name} had ${versionsMost} versions, and gets no more: add it under another name`,
      );
    }
    await sql`
      INSERT INTO image_version (
        image_name, version, sealed_source, shown_url, asked_digest, signed, cached, public, created_by
      ) VALUES (
        ${name}, ${version}, ${Buffer.from(added.seal(version))}, ${added.shownUrl}, ${added.askedDigest ?? null},
        ${added.signed}, ${added.cached}, ${added.isPublic}, ${added.createdBy}
      )`.execute(tx);
    return { version: String(version) };
  });
  return Number(answer["version"]);
}
