import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import { credentialsToSeal, requestsToSeal } from "../database/queries/secret/secrets-reseal.ts";
import { versionsToSeal } from "../database/queries/secret/versions-reseal.ts";
import { credentialPlace } from "./credential-open.ts";
import { SecretsError } from "./errors.ts";
import { versionPlace } from "./version-place.ts";
import { requestOpen } from "./installation-request.ts";
import type { KeyRing } from "./key-ring.ts";

/** A row that does not open: a credential, a machine's installation request, NAME@VERSION of an image or a profile, or a rollout or webhook by its name. */
export interface UnopenedRow {
  credential?: string;
  machineId?: MachineId;
  image?: string;
  profile?: string;
  rollout?: string;
  webhook?: string;
  problem: string;
}

/**
 * Finds rows that one of these keys sealed, and that do not open though this process has the key. They keep the key from
 * being retired.
 * @param limit maximum number of rows of each kind that are tried
 * @throws {DatabaseError} `unavailable`
 */
export async function unopenedFind(
  database: Database,
  ring: Pick<KeyRing, "open" | "held">,
  keyIds: readonly string[],
  limit: number,
): Promise<UnopenedRow[]> {
  const held = keyIds.filter((keyId) => ring.held().includes(keyId));
  if (held.length === 0) {
    return [];
  }
  const credentials = (await credentialsToSeal(database, held)).flatMap(
    ({ credentialId, name, secret, nextSecret }) => {
      const problem =
        openProblem(() => ring.open(credentialPlace(credentialId, "secret"), secret)) ??
        (nextSecret === null
          ? undefined
          : openProblem(() => ring.open(credentialPlace(credentialId, "next-secret"), nextSecret)));
      return problem === undefined ? [] : [{ credential: name, problem }];
    },
  );
  const requests = (await requestsToSeal(database, { keyIds: held, leftOut: [], limit })).flatMap(
    ({ stored, ...owner }) => {
      const problem = openProblem(() => requestOpen(ring, owner, stored));
      return problem === undefined ? [] : [{ machineId: owner.machineId, problem }];
    },
  );
  const versions = (await versionsToSeal(database, { keyIds: held, leftOut: [], limit: Math.min(limit, 200) })).flatMap(
    (row) => {
      const problem = openProblem(() => ring.open(versionPlace(row), row.sealed));
      return problem === undefined ? [] : [{ [row.of]: row.title, problem }];
    },
  );
  return [...credentials.slice(0, limit), ...requests, ...versions];
}

/** Why something sealed does not open; undefined if it does. */
export function openProblem(open: () => unknown): string | undefined {
  try {
    open();
    return undefined;
  } catch (error) {
    if (error instanceof SecretsError) {
      return error.message;
    }
    throw error;
  }
}
