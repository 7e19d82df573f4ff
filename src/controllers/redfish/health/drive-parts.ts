import { linkAt, linksAt, valueAt } from "../json.ts";
import type { Resource } from "../service.ts";
import { type HealthPart, healthWord } from "./condition.ts";
import type { HealthReads } from "./health-reads.ts";

/** Maximum number of a system's storage resources, and of the drives of one. */
const storagesMost = 8;
const drivesMost = 48;

/** Reads drives, but only those of a storage resource that is not healthy, because each costs a call. */
export async function driveParts(reads: HealthReads, system: Resource): Promise<HealthPart[]> {
  const parts: HealthPart[] = [];
  for (const { body } of await reads.members(linkAt(system.body, "Storage"), storagesMost)) {
    const status = valueAt(body, "Status");
    const health = healthWord(valueAt(status, "HealthRollup")) ?? healthWord(valueAt(status, "Health"));
    if (health === "ok") {
      continue;
    }
    const before = parts.length;
    for (const link of linksAt(body, "Drives").slice(0, drivesMost)) {
      const drive = await reads.find(link);
      parts.push(...(drive === undefined ? [] : [{ kind: "Drive", body: drive.body }]));
    }
    // Without a drive that is to blame, the storage itself is named.
    if (!parts.slice(before).some(({ body: drive }) => healthWord(valueAt(drive, "Status", "Health")) !== "ok")) {
      parts.push({ kind: "Storage", body });
    }
  }
  return parts;
}
