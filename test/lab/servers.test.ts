// Lab machines behind Redfish and IPMI: installed, brought back after a power cut, left alone.
import { expect, test } from "vitest";
import { ipmiSimMissing } from "../../src/controllers/testing/ipmi-sim.ts";
import { processGroup } from "../support/process-group.ts";
import { qemuLabMissing } from "../support/qemu-lab.ts";
import { root } from "../support/repository.ts";

test("npm run demo -- servers", { timeout: 3_600_000 }, async (context) => {
  const missing = (await qemuLabMissing()) ?? (await ipmiSimMissing());
  context.skip(missing !== undefined, missing);
  await using demo = processGroup("exec node tools/demo.ts servers", { cwd: root });
  expect(await demo.ended, demo.output.slice(-3000)).toBe(0);
});
