import { describe, expect, test } from "vitest";
import { prng } from "./prng.ts";

const numbers = (seed: string, count: number): number[] => {
  const random = prng(seed);
  return Array.from({ length: count }, () => random.next());
};

describe("prng", () => {
  test("the same seed gives the same numbers, another one others", () => {
    expect(numbers("a", 50)).toEqual(numbers("a", 50));
    const [one, other] = [new Set(numbers("machine 1", 1000)), numbers("machine 2", 1000)];
    expect(other.filter((value) => one.has(value)).length).toBeLessThan(3);
    // A seed's sequence is for ever: a fleet of a seed must be found again by a later version.
    expect([...prng("1").bytes(8)]).toEqual([118, 52, 49, 130, 47, 246, 193, 23]);
  });

  test("is even: each tenth holds a tenth", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const value of numbers("even", 100_000)) {
      const tenth = Math.floor(value * 10);
      counts[tenth] = (counts[tenth] ?? 0) + 1;
    }
    // Five standard deviations of a binomial count.
    expect(Math.max(...counts.map((count) => Math.abs(count - 10_000)))).toBeLessThan(5 * Math.sqrt(9_000));
  });

  test("whole numbers reach both ends and nothing beyond", () => {
    const random = prng("whole");
    const drawn = new Set(Array.from({ length: 500 }, () => random.integer(3, 6)));
    expect([...drawn].toSorted((one, next) => one - next)).toEqual([3, 4, 5, 6]);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
    expect(random.between(2, 2)).toBe(2);
  });

  test("there is nothing to pick from nothing", () => {
    expect(() => prng("x").pick([])).toThrow(RangeError);
    expect(prng("x").pick(["only"])).toBe("only");
  });
});
