import { describe, expect, test } from "vitest";
import { simulatedSubject } from "../../testing/simulated-subject.ts";
import { conditionOf, conditionsSaid } from "./condition.ts";
import { logsOrdered } from "./events-read.ts";
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
      { kind: "processor", name: "CPU 2", health: "Warning" },
      { kind: "drive", name: "Disk 0", health: "OK" },
      { kind: "drive", name: "Disk 4", health: "Critical" },
    ];
    state.events = Array.from({ length: 30 }, (_, index) => ({
      at: new Date(Date.UTC(2026, 0, 1, 0, index)),
      severity: index === 29 ? "Critical" : "OK",
      text: `event ${index}`,
    }));
    const health = await subject.controller.health(live);
    expect(health).toMatchObject({
      rollup: "critical",
      failed: [
        "Fan 3: critical",
        "Memory DIMM A1: critical",
        "Drive Disk 4: critical",
        "Power supply PSU 2: warning",
        "Processor CPU 2: warning",
      ],
      inletCelsius: 31,
      unread: [],
    });
    expect(health.events.map(({ text }) => text)).toEqual(
      Array.from({ length: 10 }, (_, index) => `event ${29 - index}`),
    );
    expect(health.events[0]).toEqual({ at: new Date("2026-01-01T00:29:00Z"), severity: "critical", text: "event 29" });
  });
});

test("a part of it that the controller fails at is named as unread, and the rest is told", async () => {
  await using subject = await simulatedSubject();
  const { faults } = subject.simulated;
  faults.push({ path: /Thermal$/u, times: 99, does: { status: 500 } });
  faults.push({ path: /LogServices$/u, times: 99, does: "no-json" });
  faults.push({ path: /Storage$/u, times: 99, does: "foreign-link" });
  expect(await subject.controller.health(live)).toEqual({
    rollup: "ok",
    failed: [],
    events: [],
    unread: ["fans, power supplies and temperatures", "drives", "event log"],
  });
});

test("a reading ends, however many parts a controller names", async () => {
  await using subject = await simulatedSubject({ thermal: "new" });
  const { state, calls } = subject.simulated;
  state.parts = Array.from({ length: 2000 }, (_, index) => ({
    kind: (["fan", "supply", "memory", "processor", "drive"] as const)[index % 5] ?? "fan",
    name: `Part ${index}`,
    health: "Critical",
  }));
  const health = await subject.controller.health(live);
  expect(health).toMatchObject({ rollup: "critical", unread: ["parts beyond the first 250"] });
  expect(health.failed).toHaveLength(40);
  expect(calls.length).toBeLessThan(300);
});

test("parts that are worse than the rollup count, and so do conditions in words", async () => {
  await using subject = await simulatedSubject();
  const system = { status: 200, headers: { "content-type": "application/json" } };
  const body = async () => (await subject.controller.health(live)).rollup;
  expect(await body()).toBe("ok");
  subject.simulated.faults.push({
    path: /Power$/u,
    does: { ...system, body: { PowerSupplies: [{ Name: "PSU 1", Status: { State: "Enabled", Health: "Critical" } }] } },
  });
  expect(await subject.controller.health(live)).toMatchObject({
    rollup: "critical",
    failed: ["Power supply PSU 1: critical"],
  });
  expect(
    conditionsSaid({
      Status: {
        Health: "Warning",
        Conditions: [
          { Message: "Fan redundancy is lost.", Severity: "Warning" },
          { Message: "fine", Severity: "OK" },
          7,
        ],
      },
    }),
  ).toEqual(["Fan redundancy is lost.: warning"]);
});

test("what a controller says of its health can't hurt: bounded, printable, without our password", async () => {
  await using subject = await simulatedSubject();
  const { state } = subject.simulated;
  state.parts = [{ kind: "fan", name: `\u001b]0;owned\u0007\u202e${"x".repeat(500)}`, health: "Critical" }];
  state.events = [
    { at: new Date(8e15), severity: "Critical", text: `Login with simulated\u0000\ud800 ${"y".repeat(5000)}` },
  ];
  const health = await subject.controller.health(live);
  const text = JSON.stringify(health);
  expect(text).not.toContain("simulated");
  // JSON writes control characters as escapes.
  expect(text).not.toMatch(/\\u|\u202e/u);
  expect(text.length).toBeLessThan(700);
  expect(health.failed).toEqual([expect.stringMatching(/^Fan \ufffd\]0;owned.*…x+: critical$/u)]);
  expect(health.events).toEqual([{ severity: "critical", text: expect.stringMatching(/^Login with \[secret\].*…$/u) }]);
});

test.each([
  ["an absent part is not wrong", { Name: "PSU 2", Status: { State: "Absent", Health: "Critical" } }, undefined],
  ["a part without status is not wrong", { Name: "PSU 2" }, undefined],
  ["a part that is off line is", { Name: "Fan 2", Status: { State: "UnavailableOffline" } }, "Fan 2: offline"],
  ["a part is named by what it has", { MemberId: "7", Status: { Health: "Warning" } }, "Fan 7: warning"],
  [
    "a drive that predicts its failure is",
    { Name: "Fan 2", FailurePredicted: true, Status: { State: "Enabled", Health: "OK" } },
    "Fan 2: about to fail",
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
  // AMI gives every sensor the context Intake, and none the name.
  const ami = ["CPU0_DTS", "DIMMG0_TEMP", "VR_P0_TEMP", "MB_TEMP1"].map((Name) => ({
    ...{ Name, PhysicalContext: "Intake", ReadingCelsius: 60 },
  }));
  expect(inletCelsius(ami)).toBeUndefined();
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

test.each([
  ["AMI", { Message: "0x0500FF", SensorType: "Drive Slot", EntryCode: "Assert" }, "Drive Slot: Assert (0x0500FF)"],
  ["OpenBMC", { Message: "OpenBMC.0.1", SensorType: "Temperature" }, "Temperature (OpenBMC.0.1)"],
  ["raw and nothing else", { Message: "0x0500FF" }, "0x0500FF"],
  ["words", { Message: "Fan 2 failed.", SensorType: "Fan" }, "Fan 2 failed."],
  ["no message", { MessageId: "Base.1.0.Fine" }, "Base.1.0.Fine"],
])("an event's text: %s", (_, entry, text) => {
  expect(newestEvents([entry], 10).map((event) => event.text)).toEqual([text]);
});

test("logs of health come before others; logs of logins and for technicians are none", () => {
  const order = (...ids: string[]): readonly string[] => logsOrdered(ids.map((id) => ({ id, entries: id })));
  expect(order("AuditLog", "DiagnosticLog", "ActiveLog", "PlatformLog", "SaLog")).toEqual(["ActiveLog", "PlatformLog"]);
  expect(order("Journal", "PostCodes", "EventLog", "SEL", "Dump", "Sel2")).toEqual(["SEL", "EventLog", "Sel2"]);
});

test("an empty log is passed over for the next one", async () => {
  await using subject = await simulatedSubject();
  const { state, faults } = subject.simulated;
  state.events = [];
  const logs = "/redfish/v1/Systems/1/LogServices";
  const json = (body: unknown) => ({ status: 200, body });
  faults.push(
    {
      path: /LogServices$/u,
      does: json({
        Members: [{ "@odata.id": `${logs}/None` }, { "@odata.id": `${logs}/SEL` }, { "@odata.id": `${logs}/Event` }],
      }),
    },
    { path: /None$/u, does: json({ Id: "EventLog" }) },
    { path: /Event$/u, does: json({ Id: "Events", Entries: { "@odata.id": `${logs}/Event/Entries` } }) },
    { path: /Event\/Entries$/u, does: json({ Members: [{ Id: "1", Message: "Fan 2 failed." }] }) },
  );
  expect((await subject.controller.health(live)).events).toEqual([{ severity: "ok", text: "Fan 2 failed." }]);
});

test("a log of as many entries as an answer can hold is no work for minutes", () => {
  const entries = Array.from({ length: 200_000 }, (_, index) => ({ Message: `entry ${index}` }));
  expect(newestEvents(entries, 2).map(({ text }) => text)).toEqual(["entry 0", "entry 1"]);
});
