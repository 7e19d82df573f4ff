import { readFile } from "node:fs/promises";

/** A process's memory over time. */
export interface MemorySamples extends Disposable {
  readonly megabytes: readonly number[];
}

const sampleEvery = 5_000;

/** Samples the resident memory of a process (proc_pid_statm(5): field 2, in pages of 4 KiB) every five seconds. */
export function memorySample(pid: number): MemorySamples {
  const megabytes: number[] = [];
  const timer = setInterval(() => {
    readFile(`/proc/${pid}/statm`, "utf8").then(
      (text) => megabytes.push((Number(text.split(" ")[1]) * 4096) / 1e6),
      () => undefined, // It has ended: whoever ended it knows.
    );
  }, sampleEvery);
  return { megabytes, [Symbol.dispose]: () => clearInterval(timer) };
}

/** Means of the middle and of the last third, and by what share the last is above the middle. */
export function memoryLevel(megabytes: readonly number[]): { middle: number; last: number; growth: number } {
  const third = Math.floor(megabytes.length / 3);
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const middle = mean(megabytes.slice(third, 2 * third));
  const last = mean(megabytes.slice(2 * third));
  return { middle, last, growth: last / middle - 1 };
}
