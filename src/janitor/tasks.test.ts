import { expect, test } from "vitest";
import { command, operator, requestRaw, testFleet } from "../../test/support/fleet.ts";
import { installationRequest } from "../database/queries/installation/installation-request.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { randomUUID } from "node:crypto";
import { operationAsk, operationShow } from "../database/queries/controller/operation.ts";
import { operationId, requestId } from "../database/ids.ts";
import { deadlinesNoteTask } from "./deadlines-note.ts";
import { testKeyRing } from "../secrets/testing/key-ring.ts";
import { operationsEndTask } from "./operations-end.ts";
import { recordsForgetTask } from "./records-forget.ts";
import { installationsRetryTask } from "./installations-retry.ts";

test("missed deadlines are counted by state, all of them, once", async () => {
  await using fleet = await testFleet();
  const metrics = createMetrics();
  const task = deadlinesNoteTask(fleet.database, metrics);
  expect(await task.run()).toEqual({});
  await fleet.rows("INSERT INTO machines SELECT FROM generate_series(1, 450)");
  await fleet.add();
  await fleet.rows("UPDATE machine_state SET since = now() - interval '61 minutes'");
  expect(await task.run()).toEqual({ new: 450, "awaiting-agent": 1 });
  expect(await task.run()).toEqual({});
  const text = await metrics.registry.metrics();
  expect(text).toContain('farrier_machine_deadlines_missed_total{state="new"} 450');
  expect(text).toContain('farrier_machine_deadlines_missed_total{state="awaiting-agent"} 1');
});

test("a failed request with retries left is requested again when its time has come", async () => {
  await using fleet = await testFleet();
  const task = installationsRetryTask(fleet.database, testKeyRing());
  const machine = await fleet.add();
  await installationRequest(fleet.database, {
    ...command(machine, "installation_request"),
    actor: operator,
    serialise: requestRaw,
    retry: { attempts: 1, initial: 1, maximum: 1, exponent: 1 },
  });
  await fleet.rows(
    "INSERT INTO machine_os_installation_report (machine_id, generation, result, reported_by) VALUES ($1, 1, 'error', 'agent')",
    machine.machineId,
  );
  expect(await task.run()).toEqual({});
  await fleet.rows("UPDATE machine_os_installation_retry SET not_before = now()");
  expect(await task.run()).toEqual({ retried: 1 });
  expect((await fleet.history(machine)).at(-1)).toBe("installation_requested 2");
  expect(await task.run()).toEqual({});
});

test("an operation that no shepherd takes ends, and is forgotten after 30 days", async () => {
  await using fleet = await testFleet();
  const { machineId } = await fleet.add();
  const id = randomUUID();
  await operationAsk(fleet.database, {
    requestId: requestId(id),
    bodyDigest: Buffer.alloc(32),
    machineId,
    asked: { kind: "power", command: "off" },
    askedBy: "anna",
  });
  const task = operationsEndTask(fleet.database);
  expect(await task.run()).toEqual({});
  await fleet.rows("UPDATE controller_operation SET asked_at = now() - interval '121 seconds'");
  expect(await task.run()).toEqual({ ended: 1 });
  const { ended } = await operationShow(fleet.database, operationId(id));
  expect(ended).toMatchObject({ code: "expired", cause: expect.stringContaining("no shepherd took it within 120 s") });
  const forget = recordsForgetTask(fleet.database);
  expect(await forget.run()).toEqual({});
  await fleet.rows("UPDATE controller_operation SET ended_at = now() - interval '31 days'");
  expect(await forget.run()).toEqual({ forgotten: 1 });
});
