import { expect, test } from "vitest";
import { withoutSecretForms } from "../lib/secret-forms.ts";
import { healthBounded } from "./health-bounds.ts";

test("no part of a secret is shown of a text that is cut where the secret stands", () => {
  const secret = "correct.horse-battery";
  const text = `x${" ".repeat((1 << 16) - 13)}${secret}`;
  const bounded = healthBounded(
    { rollup: "warning", failed: [text], unread: [text], events: [{ severity: "warning", text }] },
    (one) => withoutSecretForms(one, [secret]),
  );
  expect(bounded).toEqual({
    rollup: "warning",
    failed: ["x"],
    unread: ["x"],
    events: [{ severity: "warning", text: "x" }],
  });
});
