import { linkAt, valueAt } from "../json.ts";
import type { Resource } from "../service.ts";
import { type HealthPart, healthWord, rollupOf } from "./condition.ts";
import type { HealthReads } from "./health-reads.ts";

/** Maximum number of parts of one kind that are read. */
const partsMost = 64;
/** The kinds of parts that a system summarises: the name in messages, the summary and the collection. */
const summarised = [
  ["Memory", "MemorySummary", "Memory"],
  ["Processor", "ProcessorSummary", "Processors"],
] as const;

/** Reads memory modules and processors, but only where their summary is not healthy, because each costs a call. */
export async function summarisedParts(reads: HealthReads, system: Resource): Promise<HealthPart[]> {
  const parts: HealthPart[] = [];
  for (const [kind, summary, collection] of summarised) {
    const status = valueAt(system.body, summary, "Status");
    const health = healthWord(valueAt(status, "HealthRollup")) ?? healthWord(valueAt(status, "Health"));
    if (health !== "ok" && (health !== undefined || rollupOf(system.body) !== "ok")) {
      const members = await reads.members(linkAt(system.body, collection), partsMost);
      parts.push(...members.map(({ body }) => ({ kind, body })));
    }
  }
  return parts;
}
