import { type JsonObject, numberOf, textOf, valueAt } from "../json.ts";

/**
 * Degrees Celsius of the hottest sensor for incoming air; undefined = there is none. Sensors are chosen by name,
 * because some controllers give every sensor the context Intake. Pure.
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

/** A sensor's reading; undefined for values that no room has, which broken sensors report. */
function readingOf(sensor: JsonObject): number | undefined {
  const value = numberOf(sensor["ReadingCelsius"]) ?? numberOf(sensor["Reading"]);
  return value !== undefined && value > -40 && value < 120 ? value : undefined;
}
