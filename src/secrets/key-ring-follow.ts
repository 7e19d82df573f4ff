import type { Database } from "../database/connect.ts";
import {
  secretsKeyOffer,
  secretsKeysAdvance,
  secretsKeysHeld,
  secretsKeysRead,
} from "../database/queries/secret/secrets-key.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { keyFileAdd, keyFileEnsure, keyFileRead } from "./key-file.ts";
import { keyRing, type KeyRing, type KeyRingState } from "./key-ring.ts";
import type { SecretsKey } from "./secrets-key.ts";

/** A key ring that follows the database and the key file. */
export interface FollowedKeyRing extends KeyRing, AsyncDisposable {
  /** Also records under this component's sessions, current and later, which keys the process has. */
  heldUnder(sessions: SessionHolder): Promise<void>;
  /** The file that the keys are read from. */
  keyFile: string;
  /**
   * A key in the file that the database does not know: a key that an operator put there, or else a new one.
   * @throws {SecretsError} `key_file`; {DatabaseError} `unavailable`
   */
  candidate(): Promise<SecretsKey>;
  /** Reads the database and the key file at once. @throws {SecretsError} `key_file`; {DatabaseError} `unavailable` */
  look(): Promise<void>;
}

/** Milliseconds between two readings. */
const interval = 2_000;

/**
 * Reads the key file, or creates it if the database has no key yet, and keeps reading both.
 * @throws {SecretsError} `key_file`; {DatabaseError} `unavailable`
 */
export async function keyRingFollow(options: {
  database: Database;
  /** An absolute path. */
  keyFile: string;
  /** Whether this process may make the first key of a database without keys; servers may. */
  mayMake: boolean;
  log: Logger;
  clock: Clock;
}): Promise<FollowedKeyRing> {
  const { database, keyFile, mayMake, log, clock } = options;
  const stop = new AbortController();
  let state: KeyRingState = { keys: [], records: [], keyFile };
  const ring = keyRing(() => state);
  const holders = new Map<SessionHolder, string>();
  let told: string | undefined;

  async function look(): Promise<void> {
    let records = await secretsKeysRead(database);
    let keys = (await keyFileRead(keyFile)) ?? [];
    // No key was ever offered, or a failover lost it, or a restored backup lacks it.
    if (mayMake && records.every(({ state: word }) => word === "retired" || word === "lost")) {
      keys = await keyFileEnsure(keyFile);
      await secretsKeyOffer(database, keyUnknown(keys, records) ?? (await keyFileAdd(keyFile)));
      keys = (await keyFileRead(keyFile)) ?? [];
      records = await secretsKeysRead(database);
    }
    state = { keys, records, keyFile };
    await report();
    if (records.every(({ state: word }) => word !== "current")) {
      // The first key becomes current as soon as every running process has it.
      const { promoted } = await secretsKeysAdvance(database);
      if (promoted !== undefined) {
        state = { keys, records: await secretsKeysRead(database), keyFile };
      }
    }
    tell();
  }

  async function report(): Promise<void> {
    for (const [holder, before] of holders) {
      const session = holder.current();
      const now = `${session?.id ?? ""} ${ring.held().join(" ")}`;
      if (session !== undefined && now !== before) {
        await secretsKeysHeld(database, session.id, { keyIds: ring.held(), keyFile });
        holders.set(holder, now);
      }
    }
  }

  function tell(): void {
    const problem = ring.problem();
    if (problem !== told) {
      told = problem;
      if (problem === undefined) {
        log.info({ keys: ring.held() }, "this process has the keys that secrets are sealed by");
      } else {
        log.error({ problem }, "this process can't open secrets");
      }
    }
  }

  // The reads run one after the other, so that an earlier read does not overwrite the result of a later one.
  let turn: Promise<void> = Promise.resolve();
  const lookInTurn = (): Promise<void> => {
    const next = turn.then(look);
    turn = next.catch(() => undefined); // The caller gets the error.
    return next;
  };
  await lookInTurn();
  const following = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(interval, stop.signal).catch(() => undefined);
      if (!stop.signal.aborted) {
        await lookInTurn().catch((error: unknown) => {
          log.warn({ error: describeError(error) }, "the keys of secrets could not be looked at; trying again");
        });
      }
    }
  })();
  return {
    ...ring,
    keyFile,
    candidate: async () => {
      const keys = (await keyFileRead(keyFile)) ?? [];
      return keyUnknown(keys, await secretsKeysRead(database)) ?? (await keyFileAdd(keyFile));
    },
    look: lookInTurn,
    heldUnder: async (sessions) => {
      holders.set(sessions, "");
      await lookInTurn();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the process is stopping"));
      await following;
    },
  };
}

/** The newest key of the file that the database does not know. Pure. */
export function keyUnknown(keys: readonly SecretsKey[], records: readonly { keyId: string }[]): SecretsKey | undefined {
  return keys.findLast(({ id }) => records.every(({ keyId }) => keyId !== id));
}
