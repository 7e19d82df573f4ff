import type { ControllerHealth, ControllerPower } from "../controller.ts";
import { defined } from "../../lib/defined.ts";

/**
 * Parses "Name : value" lines, the form of most of ipmitool's output. If a name is repeated, its first value counts.
 * Pure.
 */
export function ipmiFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^(?<name>[^:]+?)\s*: ?(?<value>.*)$/u.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !fields.has(name.trim())) {
      fields.set(name.trim(), value.trim());
    }
  }
  return fields;
}

/** Parses "Chassis Power is on". Pure. */
export function ipmiPower(text: string): ControllerPower {
  const [, word] = /Chassis Power is (?<word>on|off)/iu.exec(text) ?? [];
  return word === undefined ? "unknown" : word.toLowerCase() === "on" ? "on" : "off";
}

/** Parses `mc guid`: the system's UUID, in the byte order that ipmitool detected; undefined if there is none. Pure. */
export function ipmiGuid(text: string): string | undefined {
  const [uuid] = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/iu.exec(text) ?? [];
  return uuid?.toLowerCase();
}

/** Severities by the words of `sel elist`. An event without any of these words is information. */
const critical = /critical|non-recoverable|failure|failed|uncorrectable|power supply .*lost/iu;
const warning = /warning|non-critical|degraded|predictive|correctable/iu;

/**
 * Parses `sel elist last N`, newest first: "1 | 11/30/2026 | 05:48:29 | Fan 3 | Lower Critical going low | Asserted".
 * Pure.
 */
export function ipmiEvents(text: string): ControllerHealth["events"] {
  return text
    .split("\n")
    .map((line) => line.split("|").map((part) => part.trim()))
    .filter((parts) => parts.length >= 4)
    .map(([, date = "", time = "", ...words]) => {
      const at = ipmiTime(date, time);
      const said = words.filter((word) => word !== "").join(", ");
      const severity = critical.test(said) ? "critical" : warning.test(said) ? "warning" : "ok";
      return { severity, text: said, ...defined({ at }) } as const;
    })
    .toReversed();
}

/** A controller without a clock prints "Pre-Init" instead of a date. */
function ipmiTime(date: string, time: string): Date | undefined {
  const [, month, day, year] = /^(?<month>\d\d)\/(?<day>\d\d)\/(?<year>\d{2,4})$/u.exec(date) ?? [];
  const [clock] = /^\d\d:\d\d:\d\d/u.exec(time) ?? [];
  if (month === undefined || day === undefined || year === undefined || clock === undefined) {
    return undefined;
  }
  const at = new Date(`${year.length === 2 ? `20${year}` : year}-${month}-${day}T${clock}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Parses `sdr elist`: "Inlet Temp | 04h | ok | 7.1 | 23 degrees C". Pure. */
export function ipmiSensors(text: string): Pick<ControllerHealth, "failed" | "inletCelsius"> & { critical: boolean } {
  const failed: string[] = [];
  let inlet: number | undefined;
  let isCritical = false;
  for (const line of text.split("\n")) {
    const [name = "", , state = "", , reading = ""] = line.split("|").map((part) => part.trim());
    const [, degrees] = /^(?<degrees>-?\d+) degrees C/u.exec(reading) ?? [];
    if (degrees !== undefined && /inlet|ambient|system temp/iu.test(name)) {
      inlet = Math.max(inlet ?? Number(degrees), Number(degrees));
    }
    // nc: non-critical, cr: critical, nr: non-recoverable (ipmitool(1), sdr).
    if (state === "nc" || state === "cr" || state === "nr") {
      isCritical ||= state !== "nc";
      failed.push(`${name}: ${state === "nc" ? "warning" : "critical"}${reading === "" ? "" : `, ${reading}`}`);
    }
  }
  return { failed, critical: isCritical, ...defined({ inletCelsius: inlet }) };
}

/** Faults in `chassis status`, by ipmitool's names, and how they are shown. */
const chassisFaults = [
  ["Power Overload", "Power: overload"],
  ["Main Power Fault", "Power: critical"],
  ["Power Control Fault", "Power control: critical"],
  ["Drive Fault", "Drive: critical"],
  ["Cooling/Fan Fault", "Fan: critical"],
] as const;

/** Parses `chassis status`: its faults. Pure. */
export function ipmiChassisFaults(text: string): readonly string[] {
  const fields = ipmiFields(text);
  return chassisFaults.flatMap(([name, shown]) => (fields.get(name) === "true" ? [shown] : []));
}
