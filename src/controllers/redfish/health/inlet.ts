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
  const inlets =
    named.length > 0 ? named : there.filter((sensor) => sensor["PhysicalContext"] === "Intake" && !elsewhere(sensor));
  const readings = inlets.flatMap((sensor) => readingOf(sensor) ?? []);
  return readings.length === 0 ? undefined : Math.max(...readings);
}

/** Whether the name says that the sensor is at another part: AMI gives the context Intake to sensors of processors. */
function elsewhere(sensor: JsonObject): boolean {
  return /cpu|dimm|vr_|_vr|dts|gpu|nvme|m\.?2|ocp|pch|nic|psu|mb_|outlet|exhaust/iu.test(textOf(sensor["Name"]) ?? "");
}

/** A sensor's reading; undefined for values that no room has, which broken sensors report. */
function readingOf(sensor: JsonObject): number | undefined {
  const value = numberOf(sensor["ReadingCelsius"]) ?? numberOf(sensor["Reading"]);
  return value !== undefined && value > -40 && value < 120 ? value : undefined;
}
