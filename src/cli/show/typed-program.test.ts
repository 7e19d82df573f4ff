import { expect, test } from "vitest";
import { typedProgram } from "./typed-program.ts";

test.each([
  [{}, "farrier"],
  [{ npm_lifecycle_event: "npx", npm_lifecycle_script: "'farrier'" }, "npx farrier"],
  [{ npm_lifecycle_event: "npx", npm_lifecycle_script: "farrier" }, "npx farrier"],
  // Within another program that npx started, or a script.
  [{ npm_lifecycle_event: "npx", npm_lifecycle_script: "vitest run" }, "farrier"],
  [{ npm_lifecycle_event: "demo", npm_lifecycle_script: "node tools/demo.ts" }, "farrier"],
])("with %j it was typed as %s", (env, program) => {
  expect(typedProgram(env)).toBe(program);
});
