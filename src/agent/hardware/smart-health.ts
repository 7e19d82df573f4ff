import type { DiskHealth } from "./disk-health.ts";

// Attributes of ATA disks, by the numbers that their makers agree on.
const reportedUncorrectable = 187;
const offlineUncorrectable = 198;

/** Reads what `smartctl --json` says of an ATA or SCSI disk; undefined where it says nothing of its health. Pure. */
export function smartHealth(output: Buffer): DiskHealth | undefined {
  const said = parsed(output);
  const passed = at(said, "smart_status", "passed");
  const celsius = whole(at(said, "temperature", "current"));
  const errors =
    attribute(said, reportedUncorrectable) ??
    attribute(said, offlineUncorrectable) ??
    whole(at(said, "scsi_grown_defect_list"));
  const used =
    whole(at(said, "endurance_used", "current_percent")) ?? whole(at(said, "scsi_percentage_used_endurance_indicator"));
  const spare = whole(at(said, "spare_available", "current_percent"));
  const hours = whole(at(said, "power_on_time", "hours"));
  const cycles = whole(at(said, "power_cycle_count"));
  const health: DiskHealth = {
    ...(typeof passed === "boolean" ? { criticalWarning: !passed } : {}),
    ...(errors === undefined ? {} : { mediaErrors: BigInt(errors) }),
    ...(used === undefined ? {} : { usageRatio: Math.fround(used / 100) }),
    ...(spare === undefined ? {} : { availableSpareRatio: Math.fround(spare / 100) }),
    // Disks without a sensor say 0.
    ...(celsius === undefined || celsius === 0 || celsius > 300 ? {} : { temperatureCelsius: celsius }),
    ...(hours === undefined ? {} : { powerOnHours: BigInt(hours) }),
    ...(cycles === undefined ? {} : { powerCycles: BigInt(cycles) }),
  };
  const supported = at(said, "smart_support", "available") !== false;
  return Object.keys(health).length === 0 && supported ? undefined : health;
}

function parsed(output: Buffer): unknown {
  try {
    return JSON.parse(output.toString("utf8"));
  } catch {
    // The caller says that there was no answer.
    return undefined;
  }
}

/** What is at the end of the names; undefined where the way breaks off. */
function at(value: unknown, ...names: string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function attribute(said: unknown, number: number): number | undefined {
  const table = at(said, "ata_smart_attributes", "table");
  const entry: unknown = Array.isArray(table) ? table.find((row: unknown) => at(row, "id") === number) : undefined;
  return whole(at(entry, "raw", "value"));
}
