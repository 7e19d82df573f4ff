import { readFileSync } from "node:fs";
import { errorCode } from "../../src/lib/errors.ts";

/** What a process held once it had put out its rubbish; megabytes. */
export interface MemoryLook {
  /** Resident: what the system counts. */
  resident: number;
  /** Of it what JavaScript holds, and what is held for it outside of its heap. */
  held: number;
}

/** A process's memory over time. */
export interface MemorySamples extends Disposable {
  looks(): MemoryLook[];
}

/** The environment of a process that is to be looked at; `file` is where it answers. */
export function memoryEnvironment(file: string): Record<string, string> {
  const collect = new URL("./collect.ts", import.meta.url);
  return { NODE_OPTIONS: `--expose-gc --import ${collect.href}`, FARRIER_SOAK_MEMORY: file };
}

/** Looks at a process every `every` milliseconds. It must have been started with {@link memoryEnvironment} of that file. */
export function memorySample(pid: number, file: string, every: number): MemorySamples {
  const timer = setInterval(() => {
    try {
      process.kill(pid, "SIGUSR2");
    } catch (error) {
      if (errorCode(error) !== "ESRCH") {
        throw error;
      }
      // It has ended, which is its owner's concern.
    }
  }, every);
  return { looks: () => looksRead(file), [Symbol.dispose]: () => clearInterval(timer) };
}

function looksRead(file: string): MemoryLook[] {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      throw error;
    }
    // Not looked at yet.
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { rss, heapUsed, external } = JSON.parse(line) as { rss: number; heapUsed: number; external: number };
      return { resident: rss / 1e6, held: (heapUsed + external) / 1e6 };
    });
}

/**
 * The medians of the middle and of the last third, and by what share the last is above the middle. Medians: just after a
 * storm of reconnects the connections of before are still there, and a storm may fall into either third.
 */
export function memoryLevel(megabytes: readonly number[]): { middle: number; last: number; growth: number } {
  const third = Math.floor(megabytes.length / 3);
  const middle = median(megabytes.slice(third, 2 * third));
  const last = median(megabytes.slice(2 * third));
  return { middle, last, growth: last / middle - 1 };
}

/** NaN of nothing. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
