/** Minimum length of a secret that is removed: shorter ones occur in many words by chance. */
const shortest = 4;

/** Removes these secrets from the message and stack of the error and its causes, and returns the error. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 8; inner = inner.cause, depth += 1) {
    inner.message = textWithoutSecrets(inner.message, secrets);
    inner.stack = textWithoutSecrets(inner.stack ?? "", secrets);
  }
  return error;
}

/** The text with these secrets replaced. Pure. */
export function textWithoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= shortest)
    .reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}
