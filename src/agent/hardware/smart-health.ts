import type { DiskHealth } from "./disk-health-found.ts";
import { smartAttributes, smartSpare, smartUsage, type SmartRow } from "./smart-attributes.ts";

// Attributes of ATA disks, by the numbers that makers agree on.
const reportedUncorrectable = 187;
const offlineUncorrectable = 198;

/**
 * Parses `smartctl --json` for an ATA or SCSI disk; `rotates` is false for an SSD. Undefined if it has nothing about
 * the disk's health. Pure.
 */
export function smartHealth(output: Buffer, rotates = false): DiskHealth | undefined {
  const said = parsed(output);
  const rows = attributeRows(said);
  const passed = at(said, "smart_status", "passed");
  const celsius = whole(at(said, "temperature", "current"));
  const count = (number: number): number | undefined => rows.find((row) => row.number === number)?.raw;
  const errors =
    count(reportedUncorrectable) ?? count(offlineUncorrectable) ?? whole(at(said, "scsi_grown_defect_list"));
  const used =
    percent(at(said, "endurance_used", "current_percent")) ??
    percent(at(said, "scsi_percentage_used_endurance_indicator")) ??
    smartUsage(rows, rotates);
  const marked = smartSpare(rows, rotates);
  const spare = percent(at(said, "spare_available", "current_percent")) ?? marked?.left;
  const hours = whole(at(said, "power_on_time", "hours"));
  const cycles = whole(at(said, "power_cycle_count"));
  const attributes = smartAttributes(rows, rotates);
  const health: DiskHealth = {
    ...(typeof passed === "boolean" ? { criticalWarning: !passed } : {}),
    ...(errors === undefined ? {} : { mediaErrors: BigInt(errors) }),
    ...(used === undefined ? {} : { usageRatio: Math.fround(used) }),
    ...(spare === undefined ? {} : { availableSpareRatio: Math.fround(spare) }),
    ...(marked === undefined || marked.limit === 0 ? {} : { availableSpareLimitRatio: Math.fround(marked.limit) }),
    ...(attributes.length === 0 ? {} : { smartAttribute: attributes }),
    // Disks without a sensor report 0.
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
    // The caller reports that there was no answer.
    return undefined;
  }
}

/** The value at the end of a path of names; undefined if the path does not exist. */
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

function percent(value: unknown): number | undefined {
  const number = whole(value);
  return number === undefined ? undefined : number / 100;
}

/** The disk's SMART attributes; invalid rows are left out. */
function attributeRows(said: unknown): SmartRow[] {
  const table = at(said, "ata_smart_attributes", "table");
  return (Array.isArray(table) ? table : []).flatMap((row: unknown): SmartRow[] => {
    const number = whole(at(row, "id"));
    const [name, failed, text] = [at(row, "name"), at(row, "when_failed"), at(row, "raw", "string")];
    const [value, limit] = [whole(at(row, "value")), whole(at(row, "thresh")) ?? 0];
    // Makers pack more than one number into the raw value: smartctl prints the main one first.
    const first = typeof text === "string" ? /^(?<digits>\d{1,15})\b/u.exec(text)?.groups?.["digits"] : undefined;
    const raw = first === undefined ? whole(at(row, "raw", "value")) : Number(first);
    return number === undefined
      ? []
      : [
          {
            number,
            name: typeof name === "string" ? name : "",
            // Some rows have only a raw count: a missing value counts as a new disk's value.
            value: value ?? 100,
            worst: whole(at(row, "worst")) ?? value ?? 100,
            limit,
            raw: raw ?? 0,
            failing: failed === "now" || (limit > 0 && value !== undefined && value <= limit),
          },
        ];
  });
}
