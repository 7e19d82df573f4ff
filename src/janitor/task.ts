/** One of the janitor's tasks: idempotent, without input, and without retries of its own. */
export interface Task {
  name: string;
  /** Milliseconds between runs. */
  interval: number;
  /** Resolves to what it did, for logs and tests; empty if there was nothing to do. */
  run(): Promise<Record<string, unknown>>;
}
