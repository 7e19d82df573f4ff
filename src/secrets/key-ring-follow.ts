import type { Database } from "../database/connect.ts";
import {
  secretsKeyOffer,
  secretsKeysAdvance,
  secretsKeysHeld,
  secretsKeysLock,
  secretsKeysRead,
  type SecretsKeyRecord,
} from "../database/queries/secret/secrets-key.ts";
import type { SessionHolder } from "../database/session-holder.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { transact, type Tx } from "../database/transaction.ts";
import { keyFileAdd, keyFileEnsure, keyFileMerge, keyFileRead } from "./key-file.ts";
import { keyRing, type KeyRing, type KeyRingState } from "./key-ring.ts";
import type { SecretsKey } from "./secrets-key.ts";

/** A key ring that follows the database and the key file. */
export interface FollowedKeyRing extends KeyRing, AsyncDisposable {
  /** Also records under this component's sessions, current and later, which keys the process has. */
  heldUnder(sessions: SessionHolder): Promise<void>;
  /** The file that the keys are read from. */
  keyFile: string;
  /**
   * Begins a change of keys: a key in the file that the database does not know becomes the next one, or else a new key,
   * which is added to the file. If there is a next key already, nothing changes. Returns the next key's id.
   * @throws {SecretsError} `key_file`; {DatabaseError} `unavailable`
   */
  offer(tx: Tx): Promise<string>;
  /** Keys in use that only this process's memory has, since its key file could not be mended; undefined = none. */
  warning(): string | undefined;
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
  let warning: string | undefined;

  async function look(): Promise<void> {
    let records = await secretsKeysRead(database.kysely);
    // No key was ever offered, or a failover lost it, or a restored backup lacks it.
    if (mayMake && noneInUse(records)) {
      await transact(database, null, (tx) => offer(tx, noneInUse));
      records = await secretsKeysRead(database.kysely);
    }
    const fromFile = (await keyFileRead(keyFile)) ?? [];
    const dropped = keysDropped(state.keys, fromFile, records);
    state = { keys: [...fromFile, ...dropped], records, keyFile };
    await mend(dropped);
    await report();
    if (records.every(({ state: word }) => word !== "current")) {
      // The first key becomes current as soon as every running process has it.
      const { promoted } = await secretsKeysAdvance(database);
      if (promoted !== undefined) {
        state = { ...state, records: await secretsKeysRead(database.kysely) };
      }
    }
    tell();
  }

  /** Offers a key if the records, as read under the lock, allow it. Returns the next key's id. */
  async function offer(tx: Tx, wanted: (records: readonly SecretsKeyRecord[]) => boolean): Promise<string> {
    await secretsKeysLock(tx);
    const records = await secretsKeysRead(tx);
    const next = records.find(({ state: word }) => word === "next")?.keyId;
    if (next !== undefined || !wanted(records)) {
      return next ?? "";
    }
    const key = keyUnknown(await keyFileEnsure(keyFile), records) ?? (await keyFileAdd(keyFile));
    await secretsKeyOffer(tx, key);
    return key.id;
  }

  /** Puts keys in use that the file has lost back into it: after a restart nothing else could open what they sealed. */
  async function mend(dropped: readonly SecretsKey[]): Promise<void> {
    if (dropped.length === 0) {
      warning = undefined;
      return;
    }
    const keys = dropped.map(({ id }) => id);
    try {
      await transact(database, null, async (tx) => {
        await secretsKeysLock(tx);
        await keyFileMerge(keyFile, dropped);
      });
      warning = undefined;
      log.warn({ keys, keyFile }, "the key file had lost keys that are in use: they were added to it again");
    } catch (error) {
      const words =
        `${keyFile} lacks key ${keys.join(", ")}, which is in use: this process still has it in memory, and after its ` +
        "next start it would not. Add the key's line to the file, from the key file of another host or from a copy";
      if (warning !== words) {
        log.error({ keys, keyFile, error: describeError(error) }, words);
      }
      warning = words;
    }
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
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(action: () => Promise<Value>): Promise<Value> => {
    const next = turn.then(action);
    turn = next.catch(() => undefined); // The caller gets the error.
    return next;
  };
  const lookInTurn = (): Promise<void> => inTurn(look);
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
    offer: (tx) => inTurn(() => offer(tx, () => true)),
    warning: () => warning,
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

/** Whether no key of the database is in use or to come. Pure. */
function noneInUse(records: readonly SecretsKeyRecord[]): boolean {
  return records.every(({ state: word }) => word === "retired" || word === "lost");
}

/** The keys in use that a process has, and its file lacks. Pure. */
export function keysDropped(
  held: readonly SecretsKey[],
  fromFile: readonly SecretsKey[],
  records: readonly Pick<SecretsKeyRecord, "keyId" | "state">[],
): SecretsKey[] {
  const inUse = new Set(
    records.filter(({ state }) => state === "next" || state === "current" || state === "old").map(({ keyId }) => keyId),
  );
  return held.filter(({ id }) => inUse.has(id) && fromFile.every((key) => key.id !== id));
}

/** The newest key of the file that the database does not know. Pure. */
export function keyUnknown(keys: readonly SecretsKey[], records: readonly { keyId: string }[]): SecretsKey | undefined {
  return keys.findLast(({ id }) => records.every(({ keyId }) => keyId !== id));
}
