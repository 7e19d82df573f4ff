import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { deletionAnswer } from "../secret/deletion-find.ts";
import { secretsCommandOnce, type SecretsCommand } from "../secret/secrets-command.ts";
import { imageVersionShow, type SourcedImageVersion } from "../image/image-version.ts";
import { profileVersionShow } from "./profile-version.ts";

/** What a profile is to say. */
export interface ProfileApplication extends SecretsCommand {
  name: string;
  /** NAME, NAME@VERSION or NAME@TAG; and what it means. */
  image: string;
  imageReference: { name: string; version?: number; tag?: string };
  /** Throws if the image must not be installed. */
  permit: (image: SourcedImageVersion) => void;
  /** Whether a stored version says the same. */
  isSame: (sealed: Uint8Array, version: number) => boolean;
  /** Seals the specification for its row. */
  seal: (version: number) => Uint8Array;
  appliedBy: string;
}

/**
 * Makes a new version of a profile, once per request id, unless its newest one says the same already.
 * @throws {DatabaseError} `not_found` if there is no such version of an image; `request_id_reused`; `unavailable`; what `isSame` and `permit` throw
 */
export async function profileApply(
  database: Database,
  applied: ProfileApplication,
): Promise<{ version: number; changed: boolean }> {
  const { name, imageReference } = applied;
  const answer = await secretsCommandOnce(database, applied, async (tx) => {
    // An image that is being deleted is waited for.
    await sql`SELECT FROM catalogue_image WHERE image_name = ${imageReference.name} FOR SHARE`.execute(tx);
    applied.permit(await imageVersionShow(tx, imageReference));
    // The row's lock makes one applying wait for another.
    const { rows } = await sql<{ last_version: number }>`
      INSERT INTO profile (profile_name, created_by) VALUES (${name}, ${applied.appliedBy})
      ON CONFLICT (profile_name) DO UPDATE SET last_version = profile.last_version
      RETURNING last_version`.execute(tx);
    const last = rows[0]?.last_version ?? 0;
    if (last > 0) {
      const { sealedSpec } = await profileVersionShow(tx, { name, version: last });
      if (applied.isSame(sealedSpec, last)) {
        return { version: String(last), changed: "no" };
      }
    }
    const version = last + 1;
    await sql`
      INSERT INTO profile_version (profile_name, version, sealed_spec, image, image_name, applied_by)
      VALUES (${name}, ${version}, ${Buffer.from(applied.seal(version))}, ${applied.image}, ${imageReference.name},
        ${applied.appliedBy})`.execute(tx);
    await sql`UPDATE profile SET last_version = ${version} WHERE profile_name = ${name}`.execute(tx);
    return { version: String(version), changed: "yes" };
  });
  return { version: Number(answer["version"]), changed: answer["changed"] === "yes" };
}

/**
 * Deletes a profile with all of its versions, once per request id. Requests that were made by it stay as they are.
 * @throws {DatabaseError} `not_found`; `request_id_reused`; `unavailable`
 */
export async function profileDelete(
  database: Database,
  command: SecretsCommand & { name: string; deletedBy: string },
): Promise<number> {
  const { name } = command;
  const answer = await secretsCommandOnce(database, command, async (tx) => {
    await profileVersionShow(tx, { name });
    const { numDeletedRows } = await tx
      .deleteFrom("profile_version")
      .where("profile_name", "=", name)
      .executeTakeFirst();
    await tx.deleteFrom("profile").where("profile_name", "=", name).execute();
    return { versions: String(numDeletedRows), ...deletionAnswer(name, command.deletedBy) };
  });
  return Number(answer["versions"]);
}
