import { withoutSecretForms } from "../../lib/secret-forms.ts";

/** Removes these secrets from the message and stack of the error and its causes, and returns the error. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 8; inner = inner.cause, depth += 1) {
    inner.message = withoutSecretForms(inner.message, secrets);
    inner.stack = withoutSecretForms(inner.stack ?? "", secrets);
  }
  return error;
}
