import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { machineStates } from "../../src/database/machine-state.ts";
import { mke2fsMissing } from "../support/mke2fs.ts";

const demo = fileURLToPath(new URL("../../tools/demo.ts", import.meta.url));

/** Runs a demo to its end; resolves to what it printed. @throws {Error} with the end of that, if its exit status is not 0 */
async function ran(...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, [demo, ...args])).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`the demo failed: ${stdout.slice(-2000)}\n${stderr.slice(-2000)}`, { cause: error });
  }
}

test("npm run demo ends well and tells the story", { timeout: 300_000 }, async (context) => {
  const missing = mke2fsMissing();
  context.skip(missing !== undefined, missing);
  const stdout = await ran();
  expect(stdout).toMatch(/disk0 holds the \d+ bytes of the image, byte for byte/u);
  expect(stdout).toMatch(/^installed +generation 1, sha256:/mu);
  expect(stdout).toMatch(/installation_succeeded[^]*installation_requested[^]*machine_added/u);
});

test("npm run demo -- states reaches every state, and explains each with a way out", { timeout: 300_000 }, async () => {
  const stdout = await ran("states");
  const told = new Set(
    [...stdout.matchAll(/ is in state (?<state>\S+) for /gu)].map((match) => match.groups?.["state"]),
  );
  expect(told).toEqual(new Set(machineStates));
  expect(stdout).not.toContain("WRONG");
});

test("a demo that there is not says which there are", async () => {
  const nonesuch = promisify(execFile)(process.execPath, [demo, "nonesuch"]);
  await expect(nonesuch).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no demo "nonesuch": expected fleet,/u),
  });
});
