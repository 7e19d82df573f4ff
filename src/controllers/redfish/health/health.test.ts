import { describe, expect, test } from "vitest";
import { simulatedSubject } from "../../testing/simulated-subject.ts";
import { conditionOf } from "./condition.ts";
import { inletCelsius } from "./inlet.ts";
import { newestEvents } from "./newest-events.ts";

const live = new AbortController().signal;

describe.each(["old", "new"] as const)("health from %s resources", (thermal) => {
  test("what is not well is named, and the newest events come first", async () => {
    await using subject = await simulatedSubject({ thermal });
    const { state } = subject.simulated;
    state.inlet = 31;
    state.parts = [
      { kind: "fan", name: "Fan 1", health: "OK" },
      { kind: "fan", name: "Fan 3", health: "Critical" },
      { kind: "supply", name: "PSU 2", health: "Warning" },
      { kind: "memory", name: "DIMM A1", health: "Critical" },
      { kind: "memory", name: "DIMM A2", health: "OK" },
    ];
    state.events = Array.from({ length: 30 }, (_, index) => ({
      at: new Date(Date.UTC(2026, 0, 1, 0, index)),
      severity: index === 29 ? "Critical" : "OK",
      text: `event ${index}`,
    }));
    const health = await subject.controller.health(live);
    expect(health).toMatchObject({
      rollup: "critical",
      failed: ["Fan 3: critical", "Power supply PSU 2: warning", "Memory DIMM A1: critical"],
      inletCelsius: 31,
    });
    expect(health.events.map(({ text }) => text)).toEqual(
      Array.from({ length: 10 }, (_, index) => `event ${29 - index}`),
    );
    expect(health.events[0]).toEqual({ at: new Date("2026-01-01T00:29:00Z"), severity: "critical", text: "event 29" });
  });
});

test.each([
  ["an absent part is not wrong", { Name: "PSU 2", Status: { State: "Absent", Health: "Critical" } }, undefined],
  ["a part without status is not wrong", { Name: "PSU 2" }, undefined],
  ["a part that is off line is", { Name: "Fan 2", Status: { State: "UnavailableOffline" } }, "Fan 2: offline"],
  ["a part is named by what it has", { MemberId: "7", Status: { Health: "Warning" } }, "Fan 7: warning"],
  [
    "control characters do not get through",
    { Name: "Fan\u001b[2J", Status: { Health: "Critical" } },
    "Fan\uFFFD[2J: critical",
  ],
])("%s", (_, body, condition) => {
  expect(conditionOf({ kind: "Fan", body })).toBe(condition);
});

test("a name that several parts have gets its number", () => {
  const body = { Name: "HpeFan", MemberId: "2", Status: { Health: "Warning" } };
  expect(conditionOf({ kind: "Fan", body })).toBe("HpeFan 2: warning");
});

test("the inlet is known by its name, else by its place, and broken sensors are left out", () => {
  const inlet = { Name: "01-Inlet Ambient", ReadingCelsius: 22 };
  expect(inletCelsius([{ Name: "CPU Temp", ReadingCelsius: 70 }])).toBeUndefined();
  // Some controllers give every sensor the context Intake.
  expect(inletCelsius([inlet, { Name: "CPU", PhysicalContext: "Intake", Reading: 64 }])).toBe(22);
  expect(inletCelsius([{ Name: "Front", PhysicalContext: "Intake", Reading: 24.5 }])).toBe(24.5);
  expect(
    inletCelsius([
      { ...inlet, ReadingCelsius: 255 },
      { ...inlet, ReadingCelsius: null },
    ]),
  ).toBeUndefined();
  expect(inletCelsius([{ ...inlet, Status: { State: "Absent" } }])).toBeUndefined();
});

test("an event without a time, with a wrong one or twice in the log is shown all the same, once", () => {
  const entries = [
    { Message: "no time" },
    { Message: "wrong time", Created: "yesterday" },
    { Message: "good", Created: "2026-01-01T00:00:00Z", Severity: "Warning" },
    { Message: "good", Created: "2026-01-01T00:00:00Z", Severity: "Warning" },
    {},
  ];
  expect(newestEvents(entries, 10).map(({ text }) => text)).toEqual(["good", "no time", "wrong time"]);
});
