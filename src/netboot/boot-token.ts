import { createHash, randomBytes } from "node:crypto";
import type { Database } from "../database/connect.ts";
import { bootTokenGive } from "../database/queries/boot/boot-token.ts";
import type { MachineIdentity } from "../database/machine-identity.ts";

/** Bytes of a token: as hard to guess as a key. */
const tokenBytes = 32;

/**
 * A token for the machine with this identity: made and handed out if its boot window is open and none was handed out
 * yet. It is stored nowhere; the database has its digest.
 * @throws {DatabaseError} `unavailable`
 */
export async function bootTokenFor(
  database: Database,
  identity: MachineIdentity,
  address: string,
): Promise<string | undefined> {
  const token = randomBytes(tokenBytes).toString("base64url");
  const given = await bootTokenGive(database, {
    identity,
    tokenDigest: createHash("sha256").update(token).digest(),
    actor: { kind: "component", name: "netboot" },
    address,
  });
  return given ? token : undefined;
}
