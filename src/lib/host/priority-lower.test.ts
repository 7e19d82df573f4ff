import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** Prints the priorities of all threads of a process that lowered its own, and its priority after it was lower already. */
const script = `
  const { priorityLower } = await import(${JSON.stringify(new URL("priority-lower.ts", import.meta.url).href)});
  const { readdir, readFile } = await import("node:fs/promises");
  const { getPriority, setPriority } = await import("node:os");
  const threads = async () => [...new Set((await readdir("/proc/self/task")).map((thread) => getPriority(Number(thread))))];
  await priorityLower();
  await Promise.all(Array.from({ length: 8 }, () => readFile("/proc/self/stat")));
  const lowered = await threads();
  setPriority(process.pid, 19);
  await priorityLower();
  console.log(JSON.stringify({ lowered, kept: getPriority() }));
`;

test("all threads of a process are lowered, and a priority that was lower stays", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const { lowered, kept } = JSON.parse(stdout) as { lowered: number[]; kept: number };
  expect(Math.min(...lowered)).toBeGreaterThanOrEqual(10);
  expect(kept).toBe(19);
});
