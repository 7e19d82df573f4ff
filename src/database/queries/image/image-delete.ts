import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { DatabaseError } from "../../errors.ts";
import { deletionAnswer } from "../secret/deletion-find.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";
import { imageVersionShow } from "./image-version.ts";

/**
 * Deletes one version, or an image with all of its versions, once per request id. Resolves to the number of versions.
 * @throws {DatabaseError} `not_found`; `refused` while a pending installation or the newest version of a profile uses it;
 * `request_id_reused`; `unavailable`
 */
export async function imageDelete(
  database: Database,
  command: SecretsCommand & { reference: { name: string; version?: number; tag?: string }; deletedBy: string },
): Promise<number> {
  const { reference } = command;
  const { name } = reference;
  const whole = reference.version === undefined && reference.tag === undefined;
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    // A command that adds a version waits until this transaction has ended.
    await sql`SELECT FROM catalogue_image WHERE image_name = ${name} FOR UPDATE`.execute(tx);
    const { version } = await imageVersionShow(tx, reference);
    const { rows: users } = await sql<{ profile_name: string }>`
      SELECT p.profile_name FROM profile p
      JOIN profile_version v ON v.profile_name = p.profile_name AND v.version = p.last_version
      WHERE v.image_name = ${name} AND (
        ${whole} OR v.image = ${`${name}@${version}`} OR EXISTS (
          SELECT FROM image_tag t
          WHERE t.image_name = ${name} AND t.version = ${version}
            AND v.image IN (t.image_name || '@' || t.tag, CASE WHEN t.tag = 'latest' THEN t.image_name END)
        )
      ) ORDER BY p.profile_name LIMIT 1`.execute(tx);
    const [user] = users;
    if (user !== undefined) {
      throw new DatabaseError(
        "refused",
        `profile ${user.profile_name} uses image ${whole ? name : `${name}@${version}`}: apply it with another image, or delete ` +
          `it with \`farrier profile delete ${user.profile_name}\``,
      );
    }
    const { rows: pending } = await sql<{ machine: string }>`
      SELECT coalesce(m.name, m.machine_id::text) AS machine
      FROM machine_installation_profile i
      JOIN machines m ON m.machine_id = i.machine_id
      JOIN machine_os_installation_request q ON q.machine_id = i.machine_id AND q.generation = i.generation
      LEFT JOIN machine_os_installation_report r ON r.machine_id = q.machine_id
      WHERE i.image_name = ${name} AND (${whole} OR i.image_version = ${version})
        AND installation_pending(q.generation, r.generation) LIMIT 1`.execute(tx);
    const [machine] = pending;
    if (machine !== undefined) {
      throw new DatabaseError(
        "refused",
        `machine ${machine.machine} is to be installed with image ${name}: wait for it, or cancel it with \`farrier machine ` +
          `cancel ${machine.machine}\``,
      );
    }
    const { numDeletedRows } = await tx
      .deleteFrom("image_version")
      .where("image_name", "=", name)
      .$if(!whole, (query) => query.where("version", "=", version))
      .executeTakeFirst();
    // The image's row stays: its numbers never come again, so that NAME@3 is never something else.
    await sql`
      INSERT INTO image_tag (image_name, tag, version, set_by)
      SELECT v.image_name, 'latest', max(v.version), 'system' FROM image_version v
      WHERE v.image_name = ${name} AND v.state = 'ready' GROUP BY v.image_name
      ON CONFLICT (image_name, tag) DO NOTHING`.execute(tx);
    const title = whole ? name : `${name}@${version}`;
    return { versions: String(numDeletedRows), ...deletionAnswer(title, command.deletedBy) };
  });
  return Number(answer["versions"]);
}
