import { join, resolve } from "node:path";
import type { Database } from "../../database/connect.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { secretsKeyFile } from "../../secrets/key-file.ts";
import { keyRingFollow, type FollowedKeyRing } from "../../secrets/key-ring-follow.ts";

/**
 * Follows the keys by which a process seals and opens secrets, from the given key file or from the data directory's.
 * @throws {SecretsError} `key_file`; {DatabaseError} `unavailable`
 */
export async function secretsFollow(options: {
  dataDir: string;
  secretsKey: string | undefined;
  /** Whether this process may make the first key of a database without keys. */
  mayMake: boolean;
  database: Database;
  log: Logger;
  clock: Clock;
}): Promise<FollowedKeyRing> {
  const { dataDir, secretsKey, mayMake, database, log, clock } = options;
  const keyFile = resolve(secretsKey ?? join(dataDir, secretsKeyFile));
  return keyRingFollow({ database, keyFile, mayMake, log, clock });
}
