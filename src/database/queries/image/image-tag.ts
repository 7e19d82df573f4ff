import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";
import { imageVersionShow } from "./image-version.ts";

/**
 * Sets a tag of an image to a version that is ready, once per request id. Resolves to the version.
 * @throws {DatabaseError} `not_found`; `refused` if the version is not ready; `request_id_reused`; `unavailable`
 */
export async function imageTagSet(
  database: Database,
  command: SecretsCommand & {
    reference: { name: string; version?: number; tag?: string };
    tag: string;
    setBy: string;
  },
): Promise<number> {
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    const { name, version, state } = await imageVersionShow(tx, command.reference);
    if (state !== "ready") {
      throw new DatabaseError(
        "refused",
        `image ${name}@${version} is not ready: \`farrier image show ${name}@${version}\` says how far it is`,
      );
    }
    await sql`
      INSERT INTO image_tag (image_name, tag, version, set_by)
      VALUES (${name}, ${command.tag}, ${version}, ${command.setBy})
      ON CONFLICT (image_name, tag) DO UPDATE
      SET version = EXCLUDED.version, set_at = now(), set_by = EXCLUDED.set_by`.execute(tx);
    return { version: String(version) };
  });
  return Number(answer["version"]);
}

/**
 * Takes a tag away, once per request id.
 * @throws {DatabaseError} `not_found` if there is no such tag; `request_id_reused`; `unavailable`
 */
export async function imageTagRemove(
  database: Database,
  command: SecretsCommand & { name: string; tag: string },
): Promise<void> {
  await secretsCommandOnce(database, command, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom("image_tag")
      .where("image_name", "=", command.name)
      .where("tag", "=", command.tag)
      .executeTakeFirst();
    if (numDeletedRows === 0n) {
      throw new DatabaseError("not_found", `image ${command.name} has no tag "${command.tag}"`);
    }
    return {};
  });
}
