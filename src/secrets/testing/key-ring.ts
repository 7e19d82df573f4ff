import { secretsKeyOffer, secretsKeysRead } from "../../database/queries/secret/secrets-key.ts";
import type { FollowedKeyRing } from "../key-ring-follow.ts";
import { randomBytes } from "node:crypto";
import { keyRing, type KeyRing } from "../key-ring.ts";
import { secretsKey, type SecretsKey } from "../secrets-key.ts";

/** Makes a key for a test. */
export function testSecretsKey(): SecretsKey {
  return secretsKey(randomBytes(32));
}

/** A ring whose one key is the current one, as in a control plane that is set up. */
export function testKeyRing(key: SecretsKey = testSecretsKey()): KeyRing {
  const records = [
    {
      keyId: key.id,
      checkValue: key.checkValue,
      state: "current" as const,
      madeAt: new Date(0),
      stateSince: new Date(0),
    },
  ];
  const state = { keys: [key], records, keyFile: "secrets-key" };
  return keyRing(() => state);
}

/** The keys of a server that offers a made-up key, and has no key file. */
export function testSecretsKeys(): Pick<FollowedKeyRing, "offer" | "warning" | "keyFile" | "look"> {
  return {
    keyFile: "/data/secrets-key",
    offer: async (tx) => {
      const key = testSecretsKey();
      await secretsKeyOffer(tx, key);
      const next = (await secretsKeysRead(tx)).find(({ state }) => state === "next");
      return next?.keyId ?? key.id;
    },
    warning: () => undefined,
    look: () => Promise.resolve(),
  };
}
