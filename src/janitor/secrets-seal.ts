import type { Database } from "../database/connect.ts";
import type { CredentialId, MachineId } from "../database/ids.ts";
import {
  credentialReseal,
  credentialsToSeal,
  requestsReseal,
  requestsToSeal,
  type CredentialToSeal,
} from "../database/queries/secret/secrets-reseal.ts";
import {
  versionsReseal,
  versionsToSeal,
  type VersionOf,
  type VersionToSeal,
} from "../database/queries/secret/versions-reseal.ts";
import { versionPlace } from "../secrets/version-place.ts";
import { credentialPlace } from "../secrets/credential-open.ts";
import { SecretsError } from "../secrets/errors.ts";
import { requestOpen, requestSeal } from "../secrets/installation-request.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import { openProblem } from "../secrets/unopened.ts";
import type { Logger } from "../lib/log.ts";
import type { Task } from "./task.ts";

/** Requests in one statement, and statements in one run: a million requests take some ten minutes. */
const batch = 200;
const batches = 50;
/** Versions of images and profiles in one statement; what a profile says may have half a megabyte. */
const versionBatch = 50;
const unopenedText =
  "a row that an earlier key sealed does not open, and can't be sealed anew: `farrier secrets show` lists such rows";
/** Rows that do not open are passed over; of more than these the rest waits until they are mended. */
const leftOutLimit = 10_000;

/**
 * Seals what is in clear, and what an old key sealed, by the current key. What is done stays done, so that a run that was
 * killed is resumed by the next.
 */
export function secretsSealTask(database: Database, ring: KeyRing, log: Pick<Logger, "warn">): Task {
  const leftOut = new Set<MachineId>();
  // Each row is logged once for one set of keys.
  const closed = new Set<CredentialId>();
  const closedVersions = new Set<string>();
  let leftOutUnder = "";
  return {
    name: "secrets-seal",
    interval: 5_000,
    run: async () => {
      const current = ring.current();
      if (current === undefined) {
        return {};
      }
      const earlier = ring.held().filter((keyId) => keyId !== current);
      // With another set of keys some may open that did not.
      if (leftOutUnder !== ring.held().join(" ")) {
        leftOutUnder = ring.held().join(" ");
        leftOut.clear();
        closed.clear();
        closedVersions.clear();
      }
      const credentials = await credentialsSeal(database, ring, earlier, (credential, problem) => {
        if (!closed.has(credential.credentialId)) {
          closed.add(credential.credentialId);
          log.warn({ credential: credential.name, problem }, unopenedText);
        }
      });
      const versions = await versionsSeal(database, ring, earlier, (row, problem) => {
        const title = `${row.of} ${row.title}`;
        if (!closedVersions.has(title)) {
          closedVersions.add(title);
          log.warn({ row: title, problem }, unopenedText);
        }
      });
      let requests = 0;
      for (let n = 0; n < batches && leftOut.size < leftOutLimit; n += 1) {
        const found = await requestsToSeal(database, { keyIds: earlier, leftOut: [...leftOut], limit: batch });
        if (found.length === 0) {
          break;
        }
        const sealed = found.flatMap(({ stored, ...owner }) => {
          let bytes: Uint8Array | undefined;
          const problem = openProblem(() => {
            bytes = requestSeal(ring, owner, requestOpen(ring, owner, stored));
          });
          if (bytes === undefined) {
            leftOut.add(owner.machineId);
            log.warn({ machine: owner.machineId, problem }, unopenedText);
          }
          return bytes === undefined ? [] : [{ ...owner, stored, sealed: bytes }];
        });
        requests += sealed.length === 0 ? 0 : await requestsReseal(database, sealed);
      }
      return {
        ...(credentials === 0 ? {} : { credentials }),
        ...(versions === 0 ? {} : { versions }),
        ...(requests === 0 ? {} : { requests }),
      };
    },
  };
}

async function credentialsSeal(
  database: Database,
  ring: KeyRing,
  keyIds: readonly string[],
  unopened: (credential: CredentialToSeal, problem: string) => void,
): Promise<number> {
  let count = 0;
  for (const credential of keyIds.length === 0 ? [] : await credentialsToSeal(database, keyIds)) {
    const anew = (purpose: "secret" | "next-secret", sealed: Uint8Array): Uint8Array => {
      const place = credentialPlace(credential.credentialId, purpose);
      return ring.seal(place, ring.open(place, sealed));
    };
    try {
      const { secret, nextSecret } = credential;
      const sealed = {
        secret: anew("secret", secret),
        nextSecret: nextSecret === null ? null : anew("next-secret", nextSecret),
      };
      count += (await credentialReseal(database, credential, sealed)) ? 1 : 0;
    } catch (error) {
      if (!(error instanceof SecretsError)) {
        throw error;
      }
      unopened(credential, error.message);
    }
  }
  return count;
}

/** Images' sources, what profiles say, rollouts' values and webhooks' targets, a batch at a time. */
async function versionsSeal(
  database: Database,
  ring: KeyRing,
  keyIds: readonly string[],
  unopened: (row: VersionToSeal, problem: string) => void,
): Promise<number> {
  let count = 0;
  const leftOut: VersionOf[] = [];
  for (let n = 0; n < batches && keyIds.length > 0 && leftOut.length < leftOutLimit; n += 1) {
    const found = await versionsToSeal(database, { keyIds, leftOut, limit: versionBatch });
    if (found.length === 0) {
      break;
    }
    const resealed = found.flatMap((row) => {
      const place = versionPlace(row);
      let anew: Uint8Array | undefined;
      const problem = openProblem(() => {
        anew = ring.seal(place, ring.open(place, row.sealed));
      });
      if (anew === undefined) {
        leftOut.push({ of: row.of, name: row.name, version: row.version });
        unopened(row, problem ?? "");
      }
      return anew === undefined ? [] : [{ ...row, anew }];
    });
    count += resealed.length === 0 ? 0 : await versionsReseal(database, resealed);
  }
  return count;
}
