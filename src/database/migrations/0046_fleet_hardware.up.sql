-- oldest-binary: 10

-- The hardware by provider and location, counted with the fleet's.
CREATE TABLE fleet_hardware (
  provider text NOT NULL,
  location text NOT NULL,
  others boolean NOT NULL,
  hardware_reports bigint NOT NULL,
  cpu_cores bigint NOT NULL,
  cpu_threads bigint NOT NULL,
  memory_bytes numeric NOT NULL,
  disks bigint NOT NULL,
  disk_bytes numeric NOT NULL,
  unreadable_reports bigint NOT NULL,
  PRIMARY KEY (provider, location, others)
);
