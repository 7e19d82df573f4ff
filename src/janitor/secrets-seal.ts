import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import {
  credentialReseal,
  credentialsToSeal,
  requestsReseal,
  requestsToSeal,
  type RequestToSeal,
} from "../database/queries/secret/secrets-reseal.ts";
import { credentialPlace } from "../secrets/credential-open.ts";
import { SecretsError } from "../secrets/errors.ts";
import { requestOpen, requestSeal } from "../secrets/installation-request.ts";
import type { KeyRing } from "../secrets/key-ring.ts";
import type { Task } from "./task.ts";

/** Requests in one statement, and statements in one run: a million requests take some ten minutes. */
const batch = 200;
const batches = 50;
/** Rows that do not open are passed over; of more than these the rest waits until they are mended. */
const leftOutLimit = 10_000;

/**
 * Seals what is in clear, and what an old key sealed, by the current key. What is done stays done, so that a run that was
 * killed is resumed by the next.
 */
export function secretsSealTask(database: Database, ring: KeyRing): Task {
  const leftOut = new Set<MachineId>();
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
      }
      const credentials = await credentialsSeal(database, ring, earlier);
      let requests = 0;
      for (let n = 0; n < batches && leftOut.size < leftOutLimit; n += 1) {
        const found = await requestsToSeal(database, { keyIds: earlier, leftOut: [...leftOut], limit: batch });
        if (found.length === 0) {
          break;
        }
        const sealed = found.flatMap((request) => {
          const bytes = resealed(ring, request);
          if (bytes === undefined) {
            leftOut.add(request.machineId);
          }
          return bytes === undefined ? [] : [{ ...request, sealed: bytes }];
        });
        requests += sealed.length === 0 ? 0 : await requestsReseal(database, sealed);
      }
      return {
        ...(credentials === 0 ? {} : { credentials }),
        ...(requests === 0 ? {} : { requests }),
      };
    },
  };
}

/** Undefined where it does not open: it is said where it is handed out. */
function resealed(ring: KeyRing, { stored, ...owner }: RequestToSeal): Uint8Array | undefined {
  try {
    return requestSeal(ring, owner, requestOpen(ring, owner, stored));
  } catch {
    return undefined;
  }
}

async function credentialsSeal(database: Database, ring: KeyRing, keyIds: readonly string[]): Promise<number> {
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
      // It does not open: each use of it reports that.
    }
  }
  return count;
}
