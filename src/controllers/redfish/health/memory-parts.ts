import { linkAt, objectOf, valueAt } from "../json.ts";
import type { RedfishService, Resource } from "../service.ts";
import { type HealthPart, healthWord, rollupOf } from "./condition.ts";

/** Maximum number of modules that are read. */
const modulesMost = 64;

/** Reads the memory modules, but only if the system reports a memory problem, because each module costs a call. */
export async function memoryParts(
  service: RedfishService,
  system: Resource,
  signal: AbortSignal,
): Promise<HealthPart[]> {
  const summary = valueAt(system.body, "MemorySummary", "Status");
  const health = healthWord(valueAt(summary, "HealthRollup")) ?? healthWord(valueAt(summary, "Health"));
  if (health === "ok" || (health === undefined && rollupOf(system.body) === "ok")) {
    return [];
  }
  const collection = await service.find(linkAt(system.body, "Memory"), signal);
  const links = collection === undefined ? [] : await service.members(collection.link, signal, modulesMost);
  const parts: HealthPart[] = [];
  for (const link of links) {
    parts.push({ kind: "Memory", body: objectOf((await service.find(link, signal))?.body) });
  }
  return parts;
}
