import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { HealthRollup } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { InstallationState, MachineSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { detailWords } from "./machine-history.ts";
import { machineLines } from "./machine-show.ts";

const now = new Date("2026-05-04T03:02:01Z");
const at = timestampFromDate(new Date("2026-05-04T03:01:00Z"));

test("a machine that is being installed", () => {
  const text = machineLines(
    create(MachineSchema, {
      id: "id",
      createdAt: at,
      agent: { startedAt: at, publicKey: Uint8Array.of(0xab) },
      installation: {
        generation: 2n,
        state: InstallationState.PENDING,
        requestedAt: at,
        progress: { phase: Phase.WRITING, bytesDone: 1_000_000n, detail: "\u001B[2J", updatedAt: at },
      },
      installed: { generation: 1n, installedAt: at },
    }),
    now,
  );
  expect(text.split("\n")).toEqual([
    "id           id",
    "added        2026-05-04T03:01:00Z (1 min ago)",
    "agent        since 2026-05-04T03:01:00Z (1 min ago)",
    "agent key    ab",
    "heartbeat    none yet",
    "installed    generation 1, no digest, 2026-05-04T03:01:00Z (1 min ago)",
    "request      generation 2, pending, requested 2026-05-04T03:01:00Z (1 min ago)",
    "progress     writing 1.00 MB",
    "progress at  2026-05-04T03:01:00Z (1 min ago)",
    "detail       \uFFFD[2J",
    "",
  ]);
});

test("a machine with a controller: its power, its health, and what the controller says of it", () => {
  const power = { power: "on", since: at, readAt: at, readFrom: "controller" };
  const health = {
    ...{ rollup: HealthRollup.CRITICAL, since: at, readAt: at, inletCelsius: 24.25 },
    ...{ failed: ["Fan 3: critical", "Drive \u001B[2J: warning"], unread: ["event log"] },
    ...{ problem: "it was busy", problemAt: at },
    events: [
      { at, severity: HealthRollup.WARNING, text: "redundancy lost" },
      { severity: HealthRollup.OK, text: "boot" },
    ],
  };
  const lines = machineLines(create(MachineSchema, { id: "id", power, health }), now).split("\n");
  const time = "2026-05-04T03:01:00Z (1 min ago)";
  expect(lines.slice(2, 11)).toEqual([
    `power           on since ${time}, read ${time} by controller`,
    `health          critical since ${time}, read ${time}`,
    "not healthy     Fan 3: critical",
    "not healthy     Drive \uFFFD[2J: warning",
    "inlet           24.3 °C",
    "not read        event log",
    `health trouble  it was busy (${time})`,
    "event           2026-05-04T03:01:00Z warning: redundancy lost",
    "event           - ok: boot",
  ]);
  const never = create(MachineSchema, { health: { problem: "it has no such function", problemAt: at } });
  expect(machineLines(never, now)).toMatch(/health {10}not read\nhealth trouble {2}it has no such function/u);
});

test("what an installed system reported is escaped", () => {
  const report = { generation: 1n, heardAt: at, from: "10.0.0.9", hostName: "\u001B[2J", sshHostKeys: ["\u202Ekey"] };
  const lines = machineLines(create(MachineSchema, { id: "id", cameUp: { report } }), now).split("\n");
  expect(lines).toEqual(expect.arrayContaining(["host name  \uFFFD[2J", "host key   \uFFFDkey"]));
});

test("a machine of which nothing is known", () => {
  const text = machineLines(create(MachineSchema, { id: "id" }), now);
  expect(text).toMatch(
    /agent {6}none: `farrier agent init (?<title>[\w-]+) --out \k<title>\.json` makes its key\ninstalled {2}no\nrequest {4}none\n$/u,
  );
});

test.each([
  ["", ""],
  ["{}", ""],
  ['{"a":"x","b":[1],"c":null}', "a=x b=[1] c=null"],
  ["no json", "no json"],
  ["7", "7"],
])("a detail of %j reads %j", (json, words) => {
  expect(detailWords(json)).toBe(words);
});
