import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../support/wait.ts";
import { memoryEnvironment, memoryLevel, memorySample } from "./memory.ts";

test("growth is the last third's over the middle one; neither the beginning nor a storm counts", () => {
  expect(memoryLevel([1, 2, 3, 10, 10, 10, 12, 12, 12])).toEqual({ middle: 10, last: 12, growth: expect.closeTo(0.2) });
  expect(memoryLevel([50, 50, 50, 10, 10, 10, 10, 99, 10]).growth).toBe(0);
  expect(memoryLevel([]).growth).toBeNaN();
});

test("sees what a process keeps, and not its rubbish", async () => {
  const directory = await mkdtemp(join(tmpdir(), "soak-memory-"));
  const file = join(directory, "memory");
  // Makes a megabyte of rubbish every millisecond, and from its first line of input on keeps sixty.
  const script = `
    let kept; let rubbish;
    process.stdin.once("data", () => { kept = Array.from({ length: 60 }, () => Buffer.alloc(1e6, 1)); });
    setInterval(() => { rubbish = Array.from({ length: 1e5 }, () => ({})); }, 1);
    process.stdout.write("ready");`;
  const child = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, ...memoryEnvironment(file) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    using samples = memorySample(child.pid ?? 0, file, 20);
    await waitFor("some looks", () => samples.looks().length > 5);
    const before = samples.looks();
    child.stdin.write("keep\n");
    await waitFor("more", () => (samples.looks().at(-1)?.held ?? 0) > (before.at(-1)?.held ?? 0) + 50);
    const held = before.map((look) => look.held);
    expect(Math.max(...held) - Math.min(...held.slice(1))).toBeLessThan(20);
    for (const { resident, held: of } of samples.looks()) {
      expect(resident).toBeGreaterThan(of);
    }
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    await rm(directory, { recursive: true });
  }
});
