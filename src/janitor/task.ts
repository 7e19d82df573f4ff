/** One of the janitor's tasks: idempotent, without input, and it does not retry itself. */
export interface Task {
  name: string;
  /** Milliseconds between runs. */
  interval: number;
  /** Returns what it did, for logs and tests; empty = there was nothing to do. */
  run(): Promise<Record<string, unknown>>;
}
