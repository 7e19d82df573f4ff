import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../app.ts";
import type { Starters } from "../starters.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-lab-up-"));
});
afterAll(async () => await rm(directory, { recursive: true }));

test.each([
  [[], undefined],
  [["--memory", "1024"], undefined],
  [["--memory", "512"], /^--memory is 512 MiB: an agent needs 1024, so it may not start on these machines$/mu],
])("X14: lab up %j warns of memory that is too little for an agent", async (flags, warning) => {
  const starters = { lab: { up: () => Promise.resolve(["lab-1"]) } } as unknown as Starters;
  let [stdout, stderr] = ["", ""];
  const status = await runCli(["lab", "up", ...flags], {
    starters,
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    env: { HOME: directory, FARRIER_DATA_DIR: join(directory, "data") },
  });
  expect([status, stdout]).toEqual([0, "lab-1\n"]);
  if (warning === undefined) {
    expect(stderr).not.toMatch(/--memory/u);
  } else {
    expect(stderr).toMatch(warning);
  }
});
