import type { SealedPlace } from "./seal.ts";

/** The place that a rollout's values are sealed for. */
export function rolloutValuesPlace(name: string): SealedPlace {
  return { table: "rollout", row: name, purpose: "values" };
}
