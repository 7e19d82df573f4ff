import { expect, test } from "vitest";
import { boundedCache } from "./bounded-cache.ts";

test("what was asked for last is kept, within both bounds", () => {
  const cache = boundedCache<number>({ entries: 3, characters: 40 });
  const computed: string[] = [];
  const get = (text: string): number =>
    cache.get(text, () => {
      computed.push(text);
      return text.length;
    });
  expect(["a", "b", "c", "a"].map(get)).toEqual([1, 1, 1, 1]);
  expect(computed).toEqual(["a", "b", "c"]);
  // "b" was asked for longest ago.
  get("d");
  get("a");
  get("b");
  expect(computed.splice(0)).toEqual(["a", "b", "c", "d", "b"]);
  // A long text is not kept, and long texts push others out.
  get("x".repeat(11));
  get("x".repeat(11));
  expect(computed.splice(0)).toHaveLength(2);
  for (const letter of ["p", "q", "r", "s", "t"]) {
    get(letter.repeat(10));
  }
  get("q".repeat(10));
  expect(computed).toHaveLength(6);
  get("t".repeat(10));
  expect(computed).toHaveLength(6);
});
