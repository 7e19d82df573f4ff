import { HealthRollup } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { valuesByWord } from "./table.ts";

/** A machine's health in one word. */
export const healthWords = {
  [HealthRollup.UNSPECIFIED]: "unknown",
  [HealthRollup.OK]: "ok",
  [HealthRollup.WARNING]: "warning",
  [HealthRollup.CRITICAL]: "critical",
} as const satisfies Record<HealthRollup, string>;

/** A health by its word. */
export const healthValues = valuesByWord(healthWords);
