// A Debian made on the spot, on an empty machine that knows nothing but how to boot from the network: up to its login prompt, twice.
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { processGroup } from "../support/process-group.ts";
import { programMissing } from "../support/program-missing.ts";
import { qemuLabMissing } from "../support/qemu-lab.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("npm run demo -- lab", { timeout: 3_600_000 }, async (context) => {
  const missing = (await qemuLabMissing()) ?? (await programMissing("mmdebstrap", "mmdebstrap"));
  context.skip(missing !== undefined, missing);
  await using demo = processGroup("exec node tools/demo.ts lab", { cwd: root });
  expect(await demo.ended, demo.output.slice(-3000)).toBe(0);
});
