import type { Gauge } from "prom-client";
import type { Database } from "../database/connect.ts";
import { fleetSummary, type FleetSummary } from "../database/queries/views/fleet.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** Milliseconds for which the fleet's figures are cached, so that many scrapes cost one query. */
const goodFor = 10_000;
/** Milliseconds that a scrape waits for them; a later result is used by the next scrape. */
const patience = 5_000;

/** Adds the fleet's figures to the metrics. While the database is unreachable they are absent, not outdated. */
export function fleetMetricsFollow(options: { database: Database; metrics: Metrics; clock: Clock; log: Logger }): void {
  const { database, metrics, clock, log } = options;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    try {
      show(metrics, await fleetSummary(database));
    } catch (error) {
      forget(metrics);
      log.warn({ error: describeError(error) }, "the fleet could not be counted for the metrics");
    }
    readAt = clock.monotonic();
  };
  metrics.fleet.refreshWith(async () => {
    if (clock.monotonic() - readAt < goodFor) {
      return;
    }
    reading ??= read().finally(() => {
      reading = undefined;
    });
    const waited = new AbortController();
    await Promise.race([reading, clock.sleep(patience, waited.signal).catch(() => undefined)]);
    waited.abort();
  });
}

function show(metrics: Metrics, summary: FleetSummary): void {
  const { fleet } = metrics;
  const { hardware } = summary;
  byLabel(fleet.machines, "state", summary.states);
  byLabel(fleet.sessions, "component", summary.sessions);
  byLabel(fleet.work, "process", summary.work);
  byLabel(fleet.backoffs, "process", summary.backoffs);
  byLabel(fleet.unhealthy, "health", { warning: 0, critical: 0, ...summary.unhealthy });
  byLabel(fleet.failingControllers, "code", summary.failingControllers);
  byLabel(fleet.providerTroubles, "trouble", summary.providerTroubles);
  fleet.pending.set(summary.pending);
  metrics.eligibleMachines.reset();
  for (const { process, provider, machines } of summary.eligible) {
    metrics.eligibleMachines.set({ process, provider }, machines);
  }
  fleet.readAt.set(summary.at.getTime() / 1_000);
  if (hardware.computedAt !== undefined) {
    fleet.hardwareCountedAt.set(hardware.computedAt.getTime() / 1_000);
    fleet.hardwareReports.set(hardware.reports);
    fleet.cpuCores.set(hardware.cores);
    fleet.cpuThreads.set(hardware.threads);
    fleet.memoryBytes.set(hardware.memoryBytes);
    fleet.disks.set(hardware.disks);
    fleet.diskBytes.set(hardware.diskBytes);
  }
}

function byLabel<Label extends string>(
  gauge: Gauge<Label>,
  label: Label,
  values: Readonly<Record<string, number>>,
): void {
  gauge.reset();
  for (const [value, count] of Object.entries(values)) {
    gauge.set({ [label]: value } as Record<Label, string>, count);
  }
}

function forget(metrics: Metrics): void {
  const { fleet } = metrics;
  for (const gauge of [
    fleet.machines,
    fleet.sessions,
    fleet.work,
    fleet.backoffs,
    fleet.unhealthy,
    fleet.failingControllers,
    fleet.providerTroubles,
  ]) {
    gauge.reset();
  }
  metrics.eligibleMachines.reset();
  for (const gauge of [fleet.pending, fleet.readAt]) {
    gauge.remove();
  }
}
