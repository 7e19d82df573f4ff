import { expect, test } from "vitest";
import { defined, present } from "./defined.ts";

test("what is undefined is left out, and nothing else", () => {
  const values = defined({ a: undefined, b: null, c: 0, d: "", e: false, f: 0n });
  expect(Object.keys(values)).toEqual(["b", "c", "d", "e", "f"]);
  expect("a" in values).toBe(false);
});

test("what is null is left out of a row, and nothing else", () => {
  expect(present({ a: null, b: undefined, c: 0, d: "", e: false, f: [] })).toStrictEqual({
    c: 0,
    d: "",
    e: false,
    f: [],
  });
});
