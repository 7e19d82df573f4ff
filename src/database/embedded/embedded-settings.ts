/** Only a part of the socket's name: nothing listens on the network. */
export const port = 5432;

/** The socket and its lock file in the data directory. */
export const socketNames = [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`] as const;

/** What makes it reachable for us and nobody else: a socket in a directory that is closed to others. */
export const fixedSettings: Readonly<Record<string, string>> = {
  listen_addresses: "",
  // Relative to the data directory, so that the length of its path does not matter to the server.
  unix_socket_directories: ".",
  unix_socket_permissions: "0700",
  port: String(port),
};

/**
 * How PostgreSQL runs beside a control plane on a small machine (2 cores, a few GB): what was acknowledged is on the disk.
 */
export const defaultSettings: Readonly<Record<string, string>> = {
  max_connections: "60",
  shared_buffers: "256MB",
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  wal_level: "replica",
  wal_compression: "on",
  max_wal_senders: "2",
  min_wal_size: "128MB",
  max_wal_size: "1GB",
  random_page_cost: "1.1",
  autovacuum_naptime: "15s",
  // Statements here are short; compiling them costs more than it gives.
  jit: "off",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
  log_timezone: "UTC",
  timezone: "UTC",
  // Statements can hold user data of machines; the callers log what failed.
  log_min_error_statement: "panic",
  cluster_name: "farrier",
};

/** As the command line of `postgres` takes them. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
