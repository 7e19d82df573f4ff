// A machine behind a Redfish service that nobody here wrote: from a controller's address to an operating system that runs.
import { expect, test } from "vitest";
import { must } from "../support/lab.ts";
import { qemuMachine } from "../support/qemu-lab.ts";
import { serverStory } from "../support/qemu-lab-server.ts";
import { sushyMachine } from "../support/qemu-lab-sushy.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";

const labOf = qemuLabSuite();

test("known by its controller, started by it, installed, and then left alone", async (context) => {
  const lab = labOf();
  const { place } = lab;
  await using server = await sushyMachine(context, lab, { name: "srv", netbootUrl: lab.netbootUrl });
  const { emulator, behind } = server;

  const unasked = await place.cli("bmc", "add", emulator.url, "--credential", "srv", "--name", "web1");
  expect(unasked.status).toBe(1);
  expect(unasked.stderr).toContain("Nothing was sent to it.");
  const fingerprint = /--fingerprint (?<sha256>[0-9a-f]{64})/u.exec(unasked.stderr)?.groups?.["sha256"] ?? "";
  const trust = ["--fingerprint", fingerprint];
  await must(place.cli("bmc", "add", emulator.url, "--credential", "srv", "--name", "web1", ...trust));

  await serverStory(lab, { ...qemuMachine(place, "web1"), console: behind.console, says: behind.says });
});
