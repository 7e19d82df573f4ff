import { type JsonObject, numberOf, textOf, valueAt } from "../json.ts";

/**
 * The hottest sensor of the air that comes in, in degrees Celsius; undefined = there is none. By their names: some call the
 * place of every sensor an intake. Pure.
 */
export function inletCelsius(sensors: readonly JsonObject[]): number | undefined {
  const there = sensors.filter((sensor) => (textOf(valueAt(sensor, "Status", "State")) ?? "Enabled") === "Enabled");
  const named = there.filter((sensor) =>
    /inlet|ambient|intake/iu.test(textOf(sensor["Name"]) ?? textOf(sensor["DeviceName"]) ?? ""),
  );
  const inlets = named.length > 0 ? named : there.filter((sensor) => sensor["PhysicalContext"] === "Intake");
  const readings = inlets.flatMap((sensor) => readingOf(sensor) ?? []);
  return readings.length === 0 ? undefined : Math.max(...readings);
}

/** What a sensor reads; values that no room has are broken sensors. */
function readingOf(sensor: JsonObject): number | undefined {
  const value = numberOf(sensor["ReadingCelsius"]) ?? numberOf(sensor["Reading"]);
  return value !== undefined && value > -40 && value < 120 ? value : undefined;
}
