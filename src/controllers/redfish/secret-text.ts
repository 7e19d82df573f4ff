import { defined } from "../../lib/defined.ts";
import type { ControllerFacts } from "../controller.ts";
import { withoutSecretForms } from "../secret-forms.ts";

/** Removes these secrets from the message and stack of the error and its causes, and returns the error. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 8; inner = inner.cause, depth += 1) {
    inner.message = withoutSecretForms(inner.message, secrets);
    inner.stack = withoutSecretForms(inner.stack ?? "", secrets);
  }
  return error;
}

/** Removes secrets from the facts that only people read. What identifies the machine stays as it is. Pure. */
export function factsWithoutSecrets(facts: ControllerFacts, secrets: readonly string[]): ControllerFacts {
  const clean = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : withoutSecretForms(text, secrets);
  const { maker, model, firmware } = facts;
  return { ...facts, ...defined({ maker: clean(maker), model: clean(model), firmware: clean(firmware) }) };
}
