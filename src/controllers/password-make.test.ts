import { expect, test } from "vitest";
import { passwordMake, passwordProblem } from "./password-make.ts";

test.each([
  [{}, 16],
  [{ min: 8 }, 16],
  [{ min: 20, max: 40 }, 20],
  [{ max: 12 }, 12],
  [{ min: 12, max: 12 }, 12],
])("within %j a password of %i characters is made, of every kind", (limits, length) => {
  const made = Array.from({ length: 200 }, () => passwordMake(limits));
  expect(new Set(made).size).toBe(200);
  for (const password of made) {
    expect(password).toHaveLength(length);
    expect(password).toMatch(/^[A-Za-z][A-Za-z0-9._-]*[A-Za-z]$/u);
    for (const kind of [/[A-Z]/u, /[a-z]/u, /[0-9]/u, /[._-]/u]) {
      expect(password).toMatch(kind);
    }
    expect(password).not.toMatch(/(?<twice>.)\k<twice>/u);
    expect(passwordProblem(password, limits)).toBeUndefined();
  }
});

test("where passwords would be too short to be safe, none is made", () => {
  expect(() => passwordMake({ max: 7 })).toThrow(/passwords of at most 7 characters.*--password-file/u);
});

test.each([
  ["short", { min: 8 }, "at least 8 characters, and the new one has 5"],
  ["much-too-long", { max: 8 }, "at most 8 characters, and the new one has 13"],
  ["gone", { min: 8, max: 20 }, "8 to 20 characters, and the new one has 4"],
])("%j is refused by %j, without being quoted", (password, limits, words) => {
  const problem = passwordProblem(password, limits);
  expect(problem).toContain(words);
  expect(problem).not.toContain(password);
});
