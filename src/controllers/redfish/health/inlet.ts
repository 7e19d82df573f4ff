import { type JsonObject, numberOf, textOf, valueAt } from "../json.ts";

/** The hottest sensor of the air that comes in, in degrees Celsius; undefined = there is none. Pure. */
export function inletCelsius(sensors: readonly JsonObject[]): number | undefined {
  const readings = sensors.filter(isInlet).flatMap((sensor) => readingOf(sensor) ?? []);
  return readings.length === 0 ? undefined : Math.max(...readings);
}

function isInlet(sensor: JsonObject): boolean {
  const state = textOf(valueAt(sensor, "Status", "State"));
  return (
    (state === undefined || state === "Enabled") &&
    (textOf(sensor["PhysicalContext"]) === "Intake" ||
      /inlet|ambient|intake/iu.test(textOf(sensor["Name"]) ?? textOf(sensor["DeviceName"]) ?? ""))
  );
}

/** What a sensor reads; values that no room has are broken sensors. */
function readingOf(sensor: JsonObject): number | undefined {
  const value = numberOf(sensor["ReadingCelsius"]) ?? numberOf(sensor["Reading"]);
  return value !== undefined && value > -40 && value < 120 ? value : undefined;
}
