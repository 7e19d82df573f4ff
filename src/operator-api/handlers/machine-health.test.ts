import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { CauseKind } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { HealthRollup } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { fleetSummary } from "../../database/queries/views/fleet.ts";
import { operatorFixture } from "../testing/operator-fixture.ts";

const { fleet, clients } = await operatorFixture();

/** As a shepherd leaves it. */
beforeAll(async () => {
  const request = { requestId: randomUUID(), provider: "static", providerId: "web1", name: "web1" };
  const { machine } = await clients.machines.machineAdd(request);
  await fleet.rows(
    "INSERT INTO machine_power (machine_id, power, read_from) VALUES ($1, 'on', 'controller')",
    machine?.id,
  );
  await fleet.rows(
    `INSERT INTO machine_health (machine_id, rollup, failed, unread, inlet_celsius, events, read_at)
     VALUES ($1, 'critical', '{Fan 3: critical}', '{drives}', 24.5, $2, now())`,
    machine?.id,
    JSON.stringify([{ at: "2026-11-01T00:00:00.000Z", severity: "critical", text: "Fan 3 failed." }]),
  );
});

test("a machine shows its power and its health; in lists the health is without events", async () => {
  const shown = {
    power: { power: "on", readFrom: "controller" },
    health: { rollup: HealthRollup.CRITICAL, failed: ["Fan 3: critical"], unread: ["drives"], inletCelsius: 24.5 },
  };
  const { machine } = await clients.machines.machineShow({ machine: "web1" });
  expect(machine).toMatchObject(shown);
  expect(machine?.health?.events).toMatchObject([{ severity: HealthRollup.CRITICAL, text: "Fan 3 failed." }]);
  const { machines } = await clients.machines.machineList({});
  expect(machines).toMatchObject([shown]);
  expect(machines[0]?.health?.events).toEqual([]);
});

test("explain names it, and the fleet's figures count it", async () => {
  const { causes } = await clients.machines.machineExplain({ machine: "web1" });
  expect(causes.filter(({ kind }) => kind === CauseKind.UNHEALTHY)).toMatchObject([
    { text: expect.stringContaining("critical: Fan 3: critical") },
  ]);
  expect(await fleetSummary(fleet.database)).toMatchObject({ unhealthy: { critical: 1 }, failingControllers: {} });
});
