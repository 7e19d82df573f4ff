import { type JsonObject, linkAt, listOf, objectOf } from "../json.ts";
import type { Resource } from "../service.ts";
import type { HealthPart } from "./condition.ts";
import type { HealthReads } from "./health-reads.ts";

/** The parts of one chassis. */
export interface ChassisParts {
  parts: readonly HealthPart[];
  /** Temperature sensors, from the old and the newer resources. */
  sensors: readonly JsonObject[];
}

/** Maximum number of parts of one kind that are read. */
const membersMost = 40;

/**
 * Reads a chassis' fans, power supplies and temperatures. Old services have one resource for each (`Thermal`, `Power`);
 * newer ones have collections.
 */
export async function chassisParts(reads: HealthReads, link: string): Promise<ChassisParts> {
  const chassis = await reads.find(link);
  const at = (name: string): Promise<Resource | undefined> => reads.find(linkAt(chassis?.body, name));
  const thermal = await at("Thermal");
  const subsystem = thermal === undefined ? await at("ThermalSubsystem") : undefined;
  const power = await at("Power");
  const powerSubsystem = power === undefined ? await at("PowerSubsystem") : undefined;
  const fans = thermal === undefined ? await membersOf(reads, subsystem, "Fans") : listOf(thermal.body["Fans"]);
  const supplies =
    power === undefined ? await membersOf(reads, powerSubsystem, "PowerSupplies") : listOf(power.body["PowerSupplies"]);
  const metrics = await reads.find(linkAt(subsystem?.body, "ThermalMetrics"));
  return {
    parts: [
      ...fans.map((body) => ({ kind: "Fan", body: objectOf(body) })),
      ...supplies.map((body) => ({ kind: "Power supply", body: objectOf(body) })),
    ],
    sensors: [
      ...listOf(thermal?.body["Temperatures"]),
      ...listOf(metrics?.body["TemperatureReadingsCelsius"]),
      ...summarySensors(metrics),
    ].map(objectOf),
  };
}

/** The inlet temperature in a summary, as a sensor. */
function summarySensors(metrics: Resource | undefined): readonly JsonObject[] {
  const summary = objectOf(metrics?.body["TemperatureSummaryCelsius"]);
  return ["Intake", "Ambient"].map((name) => ({ ...objectOf(summary[name]), PhysicalContext: "Intake" }));
}

async function membersOf(
  reads: HealthReads,
  parent: Resource | undefined,
  name: string,
): Promise<readonly JsonObject[]> {
  const found = await reads.members(linkAt(parent?.body, name), membersMost);
  return found.map(({ body }) => body);
}
