import { durationText } from "../../../lib/format/duration.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Number of failed parts that a cause names. */
const partsNamed = 5;

/**
 * What its controller reports as not healthy, where that matters: on a machine that does not move on, which may be why;
 * and on an installed or ready machine. Pure.
 */
export function healthCauses(facts: ExplainFacts): Cause[] {
  const { health } = facts.record;
  if (!isUnhealthy(facts.record) || health === undefined || movesOn(facts)) {
    return [];
  }
  const { rollup, failed, readAt } = health;
  const parts = failed.length === 0 ? "it names no part" : failed.slice(0, partsNamed).join("; ");
  const more = failed.length > partsNamed ? `; and ${failed.length - partsNamed} more` : "";
  const read = readAt === undefined ? "" : ` (read ${durationText(facts.now.getTime() - readAt.getTime())} ago)`;
  return [{ kind: "unhealthy", text: `its controller reports its health as ${rollup}: ${parts}${more}${read}` }];
}

/** Whether the machine's controller reports something as not healthy. Pure. */
export function isUnhealthy({ health }: MachineRecord): boolean {
  return health?.rollup === "warning" || health?.rollup === "critical";
}

/** Whether an installation or a start is under way, within its time. */
function movesOn({ record: { state }, now }: ExplainFacts): boolean {
  switch (state.state) {
    case "installing":
    case "starting-agent":
    case "recovering":
    case "install-pending":
    case "awaiting-agent":
      return state.deadlineMissedAt === undefined && (state.deadline === undefined || state.deadline >= now);
    case "new":
    case "ready":
    case "coming-up":
    case "silent":
    case "installed":
    case "install-failed":
    case "agent-lost":
    case "backing-off":
    case "quarantined":
      return false;
  }
}
