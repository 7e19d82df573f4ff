import { createHmac } from "node:crypto";
import type { SecretsKeyRecord } from "../database/queries/secret/secrets-key.ts";
import { SecretsError } from "./errors.ts";
import { seal, sealedKeyId, unseal, type SealedPlace } from "./seal.ts";
import type { SecretsKey } from "./secrets-key.ts";

/** The keys of a process, and which of them seals. */
export interface KeyRing {
  /** @throws {SecretsError} `key_missing` while there is no key to seal with */
  seal(place: SealedPlace, clear: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Clear text is returned unchanged. @throws {SecretsError} `key_missing`, `altered` */
  open(place: SealedPlace, stored: Uint8Array): Uint8Array<ArrayBuffer>;
  /**
   * HMAC-SHA-256 of a body with a secret, under every key of the ring. The current key's comes first; the others match
   * digests that were recorded under earlier keys.
   * @throws {SecretsError} `key_missing` if the ring has no key
   */
  digests(body: Uint8Array): [Uint8Array, ...Uint8Array[]];
  /**
   * HMAC-SHA-256 of a cached image's ticket, under every key of the ring, the current key's first.
   * @throws {SecretsError} `key_missing` if the ring has no key
   */
  mirrorMacs(body: Uint8Array): [Uint8Array, ...Uint8Array[]];
  /** The id of the sealing key; undefined if this process can't seal now. */
  current(): string | undefined;
  /** The ids of the ring's keys. */
  held(): string[];
  /** Why this process can't open sealed secrets, and what to do; undefined if it can. */
  problem(): string | undefined;
  /** False if this database has no current key yet; optional secrets are then stored in clear text. */
  sealing(): boolean;
}

/** What a ring's decisions depend on. */
export interface KeyRingState {
  /** The keys in the key file, oldest first. */
  keys: readonly SecretsKey[];
  /** The keys' records in the database. */
  records: readonly SecretsKeyRecord[];
  /** The path of the key file, for messages. */
  keyFile: string;
}

/** Creates a ring that always uses the current result of `state`. */
export function keyRing(state: () => KeyRingState): KeyRing {
  // Computed once per state, because each heartbeat that is handed a request uses it.
  let looked: { at: KeyRingState; standing: KeyRingStanding } | undefined;
  const standing = (): KeyRingStanding => {
    const at = state();
    if (looked?.at !== at) {
      looked = { at, standing: keyRingStanding(at) };
    }
    return looked.standing;
  };
  const underEach = (body: Uint8Array, use: "digesting" | "mirroring"): [Uint8Array, ...Uint8Array[]] => {
    const { current, byId } = standing();
    const others = [...byId.values()].filter((key) => key !== current).toReversed();
    const [first, ...rest] = [...(current === undefined ? [] : [current]), ...others].map((key) =>
      createHmac("sha256", key[use]).update(body).digest(),
    );
    if (first === undefined) {
      throw new SecretsError("key_missing", standing().problem ?? `there is no key in ${state().keyFile}`);
    }
    return [first, ...rest];
  };
  return {
    seal: (place, clear) => {
      const { current, problem } = standing();
      if (current === undefined) {
        throw new SecretsError(
          "key_missing",
          problem ??
            "this control plane has no key to seal secrets with yet: it takes one once every server and shepherd that " +
              "runs has it. `farrier secrets show` names those that lack it",
        );
      }
      return seal(current, place, clear);
    },
    open: (place, stored) => {
      const keyId = sealedKeyId(stored);
      if (keyId === undefined) {
        return Uint8Array.from(stored);
      }
      const key = standing().byId.get(keyId);
      if (key === undefined) {
        throw new SecretsError("key_missing", lacking([keyId], state()));
      }
      return unseal(key, place, stored);
    },
    digests: (body) => underEach(body, "digesting"),
    mirrorMacs: (body) => underEach(body, "mirroring"),
    current: () => standing().current?.id,
    held: () => [...standing().byId.keys()],
    problem: () => standing().problem,
    sealing: () => state().records.some(({ state: word }) => word === "current"),
  };
}

interface KeyRingStanding {
  byId: ReadonlyMap<string, SecretsKey>;
  current: SecretsKey | undefined;
  problem: string | undefined;
}

/** Determines what a process can do with its keys and this database. Pure. */
export function keyRingStanding(state: KeyRingState): KeyRingStanding {
  const records = new Map(state.records.map((record) => [record.keyId, record]));
  const byId = new Map(state.keys.filter((key) => checks(key, records.get(key.id))).map((key) => [key.id, key]));
  const currentId = state.records.find(({ state: word }) => word === "current")?.keyId;
  const missing = state.records
    .filter(({ keyId, state: word }) => (word === "current" || word === "old") && !byId.has(keyId))
    .map(({ keyId }) => keyId);
  return {
    byId,
    current: currentId === undefined ? undefined : byId.get(currentId),
    problem: missing.length === 0 ? undefined : lacking(missing, state),
  };
}

function checks(key: SecretsKey, record: SecretsKeyRecord | undefined): boolean {
  return record === undefined || Buffer.from(record.checkValue).equals(key.checkValue);
}

/** A message that names the missing keys and says what to do. */
function lacking(missing: readonly string[], { keys, keyFile }: KeyRingState): string {
  const has = keys.length === 0 ? "is not there" : `has ${keys.map(({ id }) => id).join(", ")}`;
  return (
    `secrets of this database are sealed by key ${missing.join(", ")}, which this process lacks: ${keyFile} ${has}. Add ` +
    "the lines of the key file of a host of the same control plane to it; if no host has the key any more: " +
    "`farrier secrets give-up`"
  );
}
