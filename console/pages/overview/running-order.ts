import { defined } from "../../../src/lib/defined.ts";
import type { InstallationEntry } from "../../../gen/farrier/operator/v1/installation_pb.ts";

/** How an installation is among those that run. */
export interface RunningEntry {
  entry: InstallationEntry;
  mark?: "slowest" | "fastest";
}

/**
 * Those that are shown of what runs: the slowest first, then the fastest, by their rates, and installations without a rate last.
 * Marks are set where there are at least three rates to compare. Pure.
 */
export function runningOrder(entries: readonly InstallationEntry[], most: number): RunningEntry[] {
  const rate = ({ installation }: InstallationEntry): number => installation?.progress?.bytesPerSecond ?? 0;
  const rated = entries.filter((entry) => rate(entry) > 0).toSorted((one, other) => rate(one) - rate(other));
  const rest = entries.filter((entry) => rate(entry) === 0);
  const half = Math.ceil(most / 2);
  const picked = rated.length <= most ? rated : [...rated.slice(0, half), ...rated.slice(half - most)];
  const marks = new Map<InstallationEntry | undefined, "slowest" | "fastest">(
    rated.length < 3
      ? []
      : [
          [rated[0], "slowest"],
          [rated.at(-1), "fastest"],
        ],
  );
  return [...picked, ...rest].slice(0, most).map((entry) => ({ entry, ...defined({ mark: marks.get(entry) }) }));
}
