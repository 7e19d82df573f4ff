import { expect, test } from "vitest";
import { wavesAssign } from "./waves-assign.ts";

const none = (machines: number): boolean[] => Array.from({ length: machines }, () => false);

test("waves of these sizes, and the rest", () => {
  expect(wavesAssign([1, 2, 0], none(5))).toEqual({ waves: [1, 2, 2, 3, 3] });
  expect(wavesAssign([], none(3))).toEqual({ waves: [1, 1, 1] });
  expect(wavesAssign([2, 2], none(4))).toEqual({ waves: [1, 1, 2, 2] });
});

test("a refused machine takes no place", () => {
  expect(wavesAssign([1, 0], [true, false, false])).toEqual({ waves: [1, 1, 2] });
});

test("waves that are too small are refused", () => {
  expect(wavesAssign([1, 2], none(5))).toEqual({
    problem: "have 3 machines, and 5 are chosen: end them with rest",
  });
});
