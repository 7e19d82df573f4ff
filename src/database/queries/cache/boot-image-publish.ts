import { sql } from "kysely";
import type { Database } from "../../connect.ts";
import { translate } from "../../errors.ts";

/** A boot image that a process has found in its folder. */
export interface BootImageRecord {
  architecture: string;
  builtAt: Date;
  files: readonly { file: string; digest: string; bytes: number }[];
}

/**
 * Records the files of a boot image as the ones that hosts without one fetch, unless those of a newer one are recorded.
 * All files of an architecture are of one image.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootImagePublish(database: Database, image: BootImageRecord): Promise<void> {
  const { architecture, builtAt, files } = image;
  await sql`
    INSERT INTO boot_image_file AS b (architecture, file, digest, bytes, built_at)
    SELECT ${architecture}, n.file, n.digest, n.bytes, least(${builtAt}::timestamptz, now())
    FROM unnest(
      ${files.map(({ file }) => file)}::text[], ${files.map(({ digest }) => digest)}::text[],
      ${files.map(({ bytes }) => bytes)}::bigint[]
    ) AS n (file, digest, bytes)
    ORDER BY n.file
    ON CONFLICT (architecture, file) DO UPDATE
    SET digest = excluded.digest, bytes = excluded.bytes, built_at = excluded.built_at
    WHERE b.built_at < excluded.built_at`
    .execute(database.kysely)
    .catch((error: unknown) => Promise.reject(translate(error)));
}
