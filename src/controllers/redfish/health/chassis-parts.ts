import { type JsonObject, linkAt, listOf, objectOf } from "../json.ts";
import type { RedfishService, Resource } from "../service.ts";
import type { HealthPart } from "./condition.ts";

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
export async function chassisParts(service: RedfishService, link: string, signal: AbortSignal): Promise<ChassisParts> {
  const chassis = await service.find(link, signal);
  const at = (name: string): Promise<Resource | undefined> => service.find(linkAt(chassis?.body, name), signal);
  const thermal = await at("Thermal");
  const subsystem = thermal === undefined ? await at("ThermalSubsystem") : undefined;
  const power = await at("Power");
  const powerSubsystem = power === undefined ? await at("PowerSubsystem") : undefined;
  const fans =
    thermal === undefined ? await membersOf(service, subsystem, "Fans", signal) : listOf(thermal.body["Fans"]);
  const supplies =
    power === undefined
      ? await membersOf(service, powerSubsystem, "PowerSupplies", signal)
      : listOf(power.body["PowerSupplies"]);
  const metrics = await service.find(linkAt(subsystem?.body, "ThermalMetrics"), signal);
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
  service: RedfishService,
  parent: Resource | undefined,
  name: string,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const collection = await service.find(linkAt(parent?.body, name), signal);
  const links = collection === undefined ? [] : await service.members(collection.link, signal, membersMost);
  const found: JsonObject[] = [];
  for (const link of links) {
    found.push(objectOf((await service.find(link, signal))?.body));
  }
  return found;
}
