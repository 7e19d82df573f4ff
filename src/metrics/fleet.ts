import { Gauge, type Registry } from "prom-client";

/** Metrics of the whole fleet: read from the database on each scrape, and equal on every server. */
export interface FleetMetrics {
  machines: Gauge<"state">;
  pending: Gauge;
  /** Machines that a process may take now. */
  eligible: Gauge<"process" | "provider">;
  /** Live sessions. */
  sessions: Gauge<"component">;
  work: Gauge<"process">;
  /** Backoffs that have not ended. */
  backoffs: Gauge<"process">;
  /** Machines whose controllers tell that something is not healthy: warning, critical. */
  unhealthy: Gauge<"health">;
  /** Management controllers that can't be used, by the code of their error. */
  failingControllers: Gauge<"code">;
  /** Providers by what is wrong: held, unreachable, problems; file: files of providers that are not in order. */
  providerTroubles: Gauge<"trouble">;
  hardwareReports: Gauge;
  cpuCores: Gauge;
  cpuThreads: Gauge;
  memoryBytes: Gauge;
  disks: Gauge;
  diskBytes: Gauge;
  /** Unix time of the latest hardware count. */
  hardwareCountedAt: Gauge;
  /** Unix time at which all of these were read. */
  readAt: Gauge;
  /** Sets the function that updates them; it is awaited before any of them is shown. */
  refreshWith(refresh: () => Promise<void>): void;
}

/** Creates them; none is shown before it is read. */
export function createFleetMetrics(registry: Registry): FleetMetrics {
  let refresh = (): Promise<void> => Promise.resolve();
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> => {
    const made = new Gauge<Label>({
      name,
      help,
      labelNames,
      registers: [registry],
      // Each worker of a server reads the same fleet.
      aggregator: "max",
      collect: () => refresh(),
    });
    if (labelNames.length === 0) {
      // A gauge without labels starts at 0, which would be wrong.
      made.remove();
    }
    return made;
  };
  return {
    machines: gauge("farrier_machines", "Machines by state.", ["state"]),
    pending: gauge("farrier_pending_machines", "Machines with a request and no final result for it."),
    eligible: gauge("farrier_eligible_machines", "Machines that a process may take now.", ["process", "provider"]),
    sessions: gauge("farrier_sessions", "Live sessions by component.", ["component"]),
    work: gauge("farrier_work_held", "Machines that are held, by process.", ["process"]),
    backoffs: gauge("farrier_backoffs", "Machines that are held back, by process.", ["process"]),
    unhealthy: gauge("farrier_unhealthy_machines", "Machines whose controllers report parts that are not healthy.", [
      "health",
    ]),
    failingControllers: gauge("farrier_failing_controllers", "Management controllers that can't be used.", ["code"]),
    providerTroubles: gauge(
      "farrier_provider_troubles",
      "Providers, and files of providers, by what is wrong with them.",
      ["trouble"],
    ),
    hardwareReports: gauge("farrier_hardware_reports", "Machines whose hardware is known."),
    cpuCores: gauge("farrier_hardware_cpu_cores", "Processor cores of all machines."),
    cpuThreads: gauge("farrier_hardware_cpu_threads", "Hardware threads of all machines."),
    memoryBytes: gauge("farrier_hardware_memory_bytes", "Memory installed in all machines, in bytes."),
    disks: gauge("farrier_hardware_disks", "Disks of all machines."),
    diskBytes: gauge("farrier_hardware_disk_bytes", "Capacity of all machines' disks, in bytes."),
    hardwareCountedAt: gauge("farrier_hardware_counted_timestamp_seconds", "When the hardware was counted, Unix time."),
    readAt: gauge("farrier_fleet_read_timestamp_seconds", "When the fleet's figures were read, Unix time."),
    refreshWith: (given) => {
      refresh = given;
    },
  };
}
