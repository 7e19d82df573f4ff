import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { silent, testFleet } from "../../test/support/fleet.ts";
import { connect } from "../database/connect.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { fleetMetricsFollow } from "./fleet-metrics.ts";

const value = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

describe("the fleet in the metrics", () => {
  test("is read on request, at most once in ten seconds for all callers together", async () => {
    await using fleet = await testFleet();
    const clock = new FakeClock();
    const metrics = createMetrics();
    fleetMetricsFollow({ database: fleet.database, metrics, clock, log: silent });
    const machine = await fleet.add();
    await fleet.add({ agent: false });
    await fleet.request(machine);
    const texts = await Promise.all(Array.from({ length: 5 }, () => metrics.registry.metrics()));
    for (const text of texts) {
      expect(value(text, 'farrier_machines{state="install-pending"}')).toBe(1);
      expect(value(text, 'farrier_machines{state="new"}')).toBe(1);
      expect(value(text, "farrier_pending_machines")).toBe(1);
      expect(value(text, 'farrier_eligible_machines{process="ShepherdAgentStart",provider="static"}')).toBe(1);
    }
    // Hardware is not known before it is counted.
    expect(value(texts[0] ?? "", "farrier_hardware_disks")).toBeUndefined();
    await fleet.cancel(machine);
    expect(value(await metrics.registry.metrics(), "farrier_pending_machines")).toBe(1);
    await clock.advance(10_001);
    const later = await metrics.registry.metrics();
    expect(value(later, "farrier_pending_machines")).toBe(0);
    // A state that no machine is in any more is gone.
    expect(value(later, 'farrier_machines{state="install-pending"}')).toBeUndefined();
  });

  test("is absent while the database is away, and its errors are counted", async () => {
    const metrics = createMetrics();
    const failed = (code: string): void => metrics.databaseErrors.inc({ code });
    await using database = connect({ host: "127.0.0.1", port: 1, user: "x", database: "x" }, { log: silent, failed });
    fleetMetricsFollow({ database, metrics, clock: new FakeClock(), log: silent });
    const text = await metrics.registry.metrics();
    expect(value(text, "farrier_pending_machines")).toBeUndefined();
    expect(text).not.toContain("farrier_machines{");
    // Counters are read beside the fleet: theirs is there with the next scrape.
    expect(
      value(await metrics.registry.metrics(), 'farrier_database_errors_total{code="ECONNREFUSED"}'),
    ).toBeGreaterThan(0);
  });

  test("errors of statements are counted by their SQLSTATE", async () => {
    await using fleet = await testFleet();
    const metrics = createMetrics();
    await using database = connect(fleet.test.connection, {
      log: silent,
      failed: (code) => metrics.databaseErrors.inc({ code }),
    });
    await expect(database.pool.query("SELECT 1 / 0")).rejects.toThrow("division by zero");
    expect(value(await metrics.registry.metrics(), 'farrier_database_errors_total{code="22012"}')).toBe(1);
  });
});
