import { randomBytes } from "node:crypto";
import { secretsKey, type SecretsKey } from "../secrets-key.ts";

/** A key of a test's own. */
export function testSecretsKey(): SecretsKey {
  return secretsKey(randomBytes(32));
}
