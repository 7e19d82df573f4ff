import { expect, test } from "vitest";
import { z } from "zod";
import { issueWords, problemWords } from "./issue-words.ts";

const schema = z.strictObject({
  size: z.int().min(1).max(9),
  name: z
    .string()
    .min(2)
    .max(3)
    .regex(/^[a-z]+$/u),
  list: z.array(z.boolean()).max(1),
  kind: z.enum(["a", "b"]),
  own: z.string().min(1, "our own words"),
});
const good = { size: 1, name: "ab", list: [], kind: "a", own: "x" };

test.each<[Record<string, unknown>, string]>([
  [{ size: 0 }, "size: expected at least 1"],
  [{ size: 10 }, "size: expected at most 9"],
  [{ size: 1.5 }, "size: expected a whole number"],
  [{ size: undefined }, "size: is missing: expected a number"],
  [{ name: "a" }, "name: expected at least 2 characters"],
  [{ name: "A1" }, "name: expected text that matches /^[a-z]+$/u"],
  [{ name: 1 }, "name: expected text"],
  [{ list: [true, false] }, "list: expected at most 1 entries"],
  [{ list: [1] }, "list.0: expected true or false"],
  [{ kind: "c" }, 'kind: expected "a" or "b"'],
  [{ own: "" }, "own: our own words"],
  [{ more: 1 }, "has fields that are not known: more"],
])("X11: %j", (wrong, expected) => {
  const { error } = schema.safeParse({ ...good, ...wrong }, { error: issueWords });
  expect(error === undefined ? "" : problemWords(error)).toBe(expected);
});
