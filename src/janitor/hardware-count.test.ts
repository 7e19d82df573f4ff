import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { testFleet } from "../../test/support/fleet.ts";
import { hardwareGroups } from "../database/queries/hardware/hardware-groups.ts";
import { hardwareTotals } from "../database/queries/hardware/hardware-totals.ts";
import { hardwareCountTask } from "./hardware-count.ts";

test("all hardware is counted by one janitor, once an hour; what can't be read is counted as such", async () => {
  await using fleet = await testFleet();
  const readable = toBinary(
    AgentHardwareReportSchema,
    create(AgentHardwareReportSchema, {
      report: {
        memoryInstalledBytes: 4_096n,
        cpu: [{ cores: 4, hardwareThreads: 8 }, { cores: -1 }],
        blockDevice: [{ capacityBytes: 1n << 62n }, { capacityBytes: 1n << 62n }, { capacityBytes: -5n }],
      },
    }),
  );
  // More than a page of them.
  for (const raw of [...Array.from({ length: 201 }, () => readable), Buffer.from([0xff])]) {
    const { machineId } = await fleet.add({ agent: false });
    await fleet.rows(
      "INSERT INTO machine_hardware_report VALUES ($1, 1, now(), $2, $3)",
      machineId,
      createHash("sha256").update(raw).digest(),
      raw,
    );
  }
  const task = hardwareCountTask(fleet.database);
  const runs = await Promise.all([task.run(), task.run(), task.run()]);
  expect(runs.filter((run) => Object.keys(run).length > 0)).toEqual([{ reports: 202, unreadable: 1 }]);
  expect(await hardwareTotals(fleet.database)).toMatchObject({
    reports: 202,
    cores: 4 * 201,
    threads: 8 * 201,
    memoryBytes: 4_096 * 201,
    disks: 3 * 201,
    diskBytes: 2 ** 63 * 201,
    unreadable: 1,
  });
  expect(await hardwareGroups(fleet.database)).toMatchObject([
    {
      provider: "static",
      location: "",
      others: false,
      totals: { reports: 202, memoryBytes: 4_096 * 201, unreadable: 1 },
    },
  ]);
  await fleet.rows("UPDATE machine_provided SET provider_location = 'hall 2'");
  await fleet.rows("UPDATE fleet_statistics SET computed_at = now() - interval '61 minutes'");
  expect(await task.run()).toEqual({ reports: 202, unreadable: 1 });
  expect(await hardwareGroups(fleet.database)).toMatchObject([{ location: "hall 2", totals: { reports: 202 } }]);
});
