import { expect, test } from "vitest";
import { ipmiHealth } from "./health.ts";

// As ipmitool 1.8.19 prints it.
const chassis = (faults: readonly string[] = []): string =>
  ["System Power         : on", "Power Overload       : false", "Power Restore Policy : always-off"]
    .concat(
      ["Main Power Fault", "Drive Fault", "Cooling/Fan Fault"].map(
        (name) => `${name.padEnd(21)}: ${faults.includes(name)}`,
      ),
    )
    .join("\n");
const sensors = "Inlet Temp       | 04h | ok  |  7.1 | 23 degrees C\nFAN 3            | 33h | cr  | 29.3 | 0 RPM\n";
const log = "   1 | 11/30/2026 | 05:48:29 | Fan FAN 3 | Lower Critical going low | Asserted\n";

test("sensors, faults of the chassis and the log are the health", () => {
  expect(ipmiHealth({ chassis: chassis(["Drive Fault"]), sensors, log })).toEqual({
    rollup: "critical",
    failed: ["Drive: critical", "FAN 3: critical, 0 RPM"],
    inletCelsius: 23,
    events: [
      {
        at: new Date("2026-11-30T05:48:29Z"),
        severity: "critical",
        text: "Fan FAN 3, Lower Critical going low, Asserted",
      },
    ],
    unread: [],
  });
});

test("a sensor beyond a non-critical threshold is a warning", () => {
  const warm = "Inlet Temp | 04h | nc | 7.1 | 41 degrees C\n";
  expect(ipmiHealth({ chassis: chassis(), sensors: warm, log })).toMatchObject({
    rollup: "warning",
    failed: ["Inlet Temp: warning, 41 degrees C"],
    inletCelsius: 41,
  });
});

test.each([
  ["nothing", { chassis: "", sensors: "", log: "" }, "unknown", ["chassis status", "sensors", "event log"]],
  ["the chassis alone", { chassis: chassis(), sensors: "", log: "\n" }, "ok", ["sensors", "event log"]],
  ["sensors alone", { chassis: "", sensors, log }, "critical", ["chassis status"]],
] as const)(
  "what can't be read is named, and health is not good for want of bad news: %s",
  (_, output, rollup, unread) => {
    expect(ipmiHealth(output)).toMatchObject({ rollup, unread });
  },
);
