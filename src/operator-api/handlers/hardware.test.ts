import { createHash, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { beforeAll, expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { dependencies, clients } = await operatorFixture();

beforeAll(async () => {
  const ids = await Promise.all(
    ["one", "bare"].map(async (name) => {
      const request = { requestId: randomUUID(), provider: "static", providerId: name, name };
      return (await clients.machines.machineAdd(request)).machine?.id ?? "";
    }),
  );
  await store(ids[0] ?? "", "machine_hardware_report_earlier", 1, Buffer.from("not protobuf \u00ff", "latin1"));
  await store(ids[0] ?? "", "machine_hardware_report_earlier", 2, raw(512n));
  await store(ids[0] ?? "", "machine_hardware_report", 3, raw(1_024n));
});

function raw(capacityBytes: bigint): Uint8Array {
  return toBinary(
    AgentHardwareReportSchema,
    create(AgentHardwareReportSchema, {
      report: {
        product: "R1",
        memoryInstalledBytes: 4_096n,
        cpu: [{ cores: 4, hardwareThreads: 8 }],
        blockDevice: [{ serialNumber: "S1", capacityBytes }],
      },
    }),
  );
}

/** As a heartbeat leaves it. */
async function store(machine: string, table: string, number: number, bytes: Uint8Array): Promise<void> {
  await dependencies.database.pool.query(
    `INSERT INTO ${table} (machine_id, report_number, hardware_reported_at, hardware_report_fingerprint, hardware_report_raw)
     VALUES ($1, $2, now(), $3, $4)`,
    [machine, number, createHash("sha256").update(bytes).digest(), bytes],
  );
}

test("reports are listed, the latest first; a report that can't be read is shown as such", async () => {
  const { reports } = await clients.hardware.hardwareList({ machine: "one" });
  expect(reports).toMatchObject([
    { number: 3n, product: "R1", cpuCores: 4n, cpuThreads: 8n, memoryBytes: 4_096n, disks: 1n, diskBytes: 1_024n },
    { number: 2n, diskBytes: 512n, unreadable: false },
    { number: 1n, unreadable: true },
  ]);
  expect((await clients.hardware.hardwareList({ machine: "bare" })).reports).toEqual([]);
});

test("one is shown, the latest or by its number", async () => {
  const latest = await clients.hardware.hardwareShow({ machine: "one" });
  expect([latest.summary?.number, latest.report?.report?.blockDevice[0]?.serialNumber]).toEqual([3n, "S1"]);
  expect((await clients.hardware.hardwareShow({ machine: "one", number: 2n })).summary?.diskBytes).toBe(512n);
});

test("two are compared in words", async () => {
  const diff = await clients.hardware.hardwareDiff({ machine: "one" });
  expect(diff).toMatchObject({ from: 2n, to: 3n });
  expect(diff.changes.map(({ text }) => text)).toEqual(["disk S1: capacity bytes was 512 B, is 1.02 kB (1024)"]);
  const back = await clients.hardware.hardwareDiff({ machine: "one", from: 3n, to: 2n });
  expect(back.changes.map(({ before, after }) => [before, after])).toEqual([["1.02 kB (1024)", "512 B"]]);
});

test.each<[string, () => Promise<unknown>, string, RegExp]>([
  ["an unknown machine", () => clients.hardware.hardwareList({ machine: randomUUID() }), "NotFound", /no machine/u],
  ["an unknown name", () => clients.hardware.hardwareShow({ machine: "nobody" }), "NotFound", /no machine "nobody"/u],
  [
    "an unknown number",
    () => clients.hardware.hardwareShow({ machine: "one", number: 9n }),
    "NotFound",
    /there are 3, 2, 1/u,
  ],
  ["no report yet", () => clients.hardware.hardwareShow({ machine: "bare" }), "NotFound", /has not reported any/u],
  [
    "a negative number",
    () => clients.hardware.hardwareShow({ machine: "one", number: -1n }),
    "InvalidArgument",
    /number: is negative/u,
  ],
  ["no machine", () => clients.hardware.hardwareDiff({}), "InvalidArgument", /machine: expected/u],
  [
    "nothing before it",
    () => clients.hardware.hardwareDiff({ machine: "one", to: 1n }),
    "FailedPrecondition",
    /oldest that is kept/u,
  ],
  [
    "an unreadable one",
    () => clients.hardware.hardwareDiff({ machine: "one", from: 1n }),
    "DataLoss",
    /report 1 can't be read/u,
  ],
])("%s is refused", async (_what, call, code, message) => {
  expect(await refusal(call())).toEqual([code, expect.stringMatching(message)]);
});
