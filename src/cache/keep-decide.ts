/** An image that is to be in caches. */
export interface Wanted {
  hex: string;
  bytes: number;
  /** A pending request names it: it stays, whatever room it takes. */
  pinned: boolean;
  /** The later, the longer it stays. */
  usedAt: number;
}

/** A file in the store. */
export interface Held {
  hex: string;
  bytes: number;
  /** It came just now: what wants it may not be recorded yet. */
  fresh: boolean;
}

/** What a store does next. */
export interface KeepDecision {
  /** Files that go, the oldest-used first. */
  remove: string[];
  /** Images that come, the most needed first. */
  fetch: string[];
}

/**
 * Which files a store keeps, within its room: those that pending requests name, then those that were used last. The same
 * input gives the same answer, so that nothing is fetched only to be removed. Pure.
 * @param room maximum bytes
 */
export function keepDecide(wanted: readonly Wanted[], held: readonly Held[], room: number): KeepDecision {
  const ranked = wanted.toSorted(
    (one, other) =>
      Number(other.pinned) - Number(one.pinned) || other.usedAt - one.usedAt || (one.hex < other.hex ? -1 : 1),
  );
  const keep = new Set<string>();
  let used = 0;
  for (const { hex, bytes, pinned } of ranked) {
    if (pinned || used + bytes <= room) {
      keep.add(hex);
      used += bytes;
    }
  }
  const there = new Set(held.map(({ hex }) => hex));
  const lastUse = new Map(ranked.map(({ hex, usedAt }) => [hex, usedAt]));
  return {
    remove: held
      .filter(({ hex, fresh }) => !keep.has(hex) && !fresh)
      .map(({ hex }) => hex)
      .toSorted((one, other) => (lastUse.get(one) ?? 0) - (lastUse.get(other) ?? 0)),
    fetch: ranked.filter(({ hex }) => keep.has(hex) && !there.has(hex)).map(({ hex }) => hex),
  };
}
