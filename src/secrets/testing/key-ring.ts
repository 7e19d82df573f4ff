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
