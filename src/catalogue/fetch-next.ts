import type { CatalogueErrorCode } from "./errors.ts";

/** What is done after a try to fetch an image failed. */
export type FetchNext = { kind: "give-up" } | { kind: "again"; seconds: number };

/** Waits in seconds; each is used once, and then it is given up: 2.2 days after the first try. */
const waits = [30, 120, 600, 1_800, 3_600, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];
/** Tries of an image on which the process ended by itself: it may be the image's fault, and then it always will. */
const brokenOffMost = 3;

/** Decides after a failed try; `attempts` counts it. Pure. */
export function fetchNext(code: CatalogueErrorCode, attempts: number): FetchNext {
  const seconds = waits[attempts - 1];
  switch (code) {
    case "unavailable":
      return seconds === undefined ? { kind: "give-up" } : { kind: "again", seconds };
    case "broken_off":
      return seconds === undefined || attempts >= brokenOffMost ? { kind: "give-up" } : { kind: "again", seconds };
    case "forbidden":
    case "unproven":
    case "unusable":
    case "too_large":
      return { kind: "give-up" };
  }
}
