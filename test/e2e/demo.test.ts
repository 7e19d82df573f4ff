import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { mke2fsMissing } from "../support/mke2fs.ts";

const demo = fileURLToPath(new URL("../../tools/demo.ts", import.meta.url));

test("npm run demo ends well and tells the story", { timeout: 120_000 }, async (context) => {
  const missing = mke2fsMissing();
  context.skip(missing !== undefined, missing);
  // Rejects where the exit status is not 0.
  const { stdout } = await promisify(execFile)(process.execPath, [demo]);
  expect(stdout).toMatch(/disk0 holds the \d+ bytes of the image, byte for byte/u);
  expect(stdout).toMatch(/^installed +generation 1, sha256:/mu);
  expect(stdout).toMatch(/installation_succeeded[^]*installation_requested[^]*machine_added/u);
});
