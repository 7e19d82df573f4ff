import { createHash } from "node:crypto";

/** Pseudo-random numbers, equal for equal seeds. Not for secrets. */
export interface Prng {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number;
  /** True with probability `share`, from 0 to 1. */
  chance(share: number): boolean;
  /** One of the items. @throws {RangeError} if there are none */
  pick<Item>(items: readonly Item[]): Item;
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

/**
 * Makes a generator; each seed has its own sequence, however similar two seeds are. sfc32 of PractRand (Chris
 * Doty-Humphrey, public domain), its state from the seed's SHA-256.
 */
export function prng(seed: string): Prng {
  const hash = createHash("sha256").update(seed).digest();
  let [a, b, c, counter] = [hash.readInt32LE(0), hash.readInt32LE(4), hash.readInt32LE(8), 1];
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // As its author recommends: the first results still correlate for similar seeds.
  for (let round = 0; round < 12; round += 1) {
    word();
  }
  const next = (): number => word() / 0x1_0000_0000;
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    integer,
    between: (least, most) => least + next() * (most - least),
    chance: (share) => next() < share,
    pick: <Item>(items: readonly Item[]): Item => {
      if (items.length === 0) {
        throw new RangeError("there is nothing to pick from: expected one item or more");
      }
      // Within bounds, because next() is below 1.
      return items[integer(0, items.length - 1)] as Item;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => integer(0, 255)),
  };
}
