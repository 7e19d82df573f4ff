// A machine behind an IPMI controller that nobody here wrote (OpenIPMI's ipmi_sim, by Debian's ipmitool): from the
// controller's address to an operating system that runs.
import { expect, test } from "vitest";
import { ipmiSimMissing } from "../../src/controllers/testing/ipmi-sim.ts";
import { must } from "../support/lab.ts";
import { labServers } from "../support/lab-servers.ts";
import { serverStory } from "../support/qemu-lab-server.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";

const labOf = qemuLabSuite();

test("known by its controller, started by it, installed, and then left alone", async (context) => {
  const missing = await ipmiSimMissing();
  context.skip(missing !== undefined, missing);
  const lab = labOf();
  const [machine] = await labServers(lab, "ipmi", 1);
  const shown = await must(lab.place.cli("bmc", "show", machine.name));
  expect(shown.stdout).toMatch(/^controller +ipmi:\/\/127\.0\.0\.1:\d+$/mu);
  // What IPMI has to identify it by: the GUID.
  const { smbiosUuid, macs } = await machine.show();
  const listed = JSON.parse((await must(lab.place.cli("lab", "list", "--json"))).stdout) as { uuid: string }[];
  expect([smbiosUuid, macs]).toEqual([listed[0]?.uuid, []]);
  await serverStory(lab, machine);
});
