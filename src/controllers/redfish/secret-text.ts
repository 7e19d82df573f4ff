/** Minimum length of a secret that is removed: shorter ones occur in many words by chance. */
const shortest = 4;

/** Removes these secrets from the message and stack of the error and its causes, and returns the error. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  const known = secrets.filter((secret) => secret.length >= shortest);
  for (let inner = error, depth = 0; inner instanceof Error && depth < 8; inner = inner.cause, depth += 1) {
    inner.message = without(inner.message, known);
    inner.stack = without(inner.stack ?? "", known);
  }
  return error;
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}
