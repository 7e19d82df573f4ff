import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { machineStates } from "../../src/database/machine-state.ts";
import { mke2fsMissing } from "../support/mke2fs.ts";

const demo = fileURLToPath(new URL("../../tools/demo.ts", import.meta.url));

test("npm run demo ends well and tells the story", { timeout: 300_000 }, async (context) => {
  const missing = mke2fsMissing();
  context.skip(missing !== undefined, missing);
  // Rejects where the exit status is not 0.
  const { stdout } = await promisify(execFile)(process.execPath, [demo]);
  expect(stdout).toMatch(/disk0 holds the \d+ bytes of the image, byte for byte/u);
  expect(stdout).toMatch(/^installed +generation 1, sha256:/mu);
  expect(stdout).toMatch(/installation_succeeded[^]*installation_requested[^]*machine_added/u);
});

test("npm run demo -- states reaches every state, and explains each with a way out", { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo, "states"]);
  const told = new Set(
    [...stdout.matchAll(/ is in state (?<state>\S+) for /gu)].map((match) => match.groups?.["state"]),
  );
  expect(told).toEqual(new Set(machineStates));
  expect(stdout).not.toContain("WRONG");
});

test("a demo that there is not says which there are", async () => {
  const ran = promisify(execFile)(process.execPath, [demo, "nonesuch"]);
  await expect(ran).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no demo "nonesuch": expected fleet,/u),
  });
});
