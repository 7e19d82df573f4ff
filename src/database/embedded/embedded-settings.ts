/** Only part of the socket's name: there is no network listener. */
export const port = 5432;

/** The socket and its lock file in the data directory. */
export const socketNames = [`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`] as const;

/** Settings that keep it reachable for this process only: a socket in a directory that is closed to others. */
export const fixedSettings: Readonly<Record<string, string>> = {
  listen_addresses: "",
  // Relative to the data directory, so that the length of its path does not matter to the server.
  unix_socket_directories: ".",
  unix_socket_permissions: "0700",
  port: String(port),
};

/**
 * PostgreSQL's settings beside a control plane on a small machine (2 cores, a few GB). Committed data is on the disk.
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
  // Farrier's statements are short; compiling them costs more than it saves.
  jit: "off",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] ",
  log_timezone: "UTC",
  timezone: "UTC",
  // Statements may hold machines' user data; callers log failures.
  log_min_error_statement: "panic",
  cluster_name: "farrier",
};

/** The settings as arguments of `postgres`. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
