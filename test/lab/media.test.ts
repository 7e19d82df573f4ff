// Machines without a network boot: their controller fetches a boot medium, and ejects it after the agent has enrolled.
import { expect, test } from "vitest";
import { bootMedium } from "../support/boot-image.ts";
import { must } from "../support/lab.ts";
import { labServers } from "../support/lab-servers.ts";
import { bootPatience, qemuMachine, succeeded } from "../support/qemu-lab.ts";
import { serverStory } from "../support/qemu-lab-server.ts";
import { tinyServed } from "../support/qemu-lab-story.ts";
import { sushyMachine } from "../support/qemu-lab-sushy.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { waitFor } from "../support/wait.ts";

const labOf = qemuLabSuite();

/** Nothing answers there: a machine that boots from the network gets no agent. */
const nowhere = "http://10.0.2.2:9/boot.ipxe";

test("by a Redfish service that nobody here wrote: from a medium to installed, and the medium is out", async (context) => {
  const lab = labOf();
  const { place } = lab;
  await bootMedium();
  await using server = await sushyMachine(context, lab, { name: "cd", netbootUrl: nowhere });
  const { emulator, behind } = server;
  const how = ["--accept-new", "--boot-by", "controller-media"];
  await must(place.cli("bmc", "add", emulator.url, "--credential", "cd", "--name", "cd1", ...how));

  await serverStory(lab, { ...qemuMachine(place, "cd1"), console: behind.console, says: behind.says });
  // Neither path nor token is anywhere in what the control plane says.
  expect(lab.up.stderr).not.toMatch(/\/media\/[\w-]{43}/u);
});

test("with Secure Boot on: Debian's signed loaders start the agent, and an unsigned one is refused", async () => {
  const lab = labOf();
  await bootMedium();
  const [machine] = await labServers(lab, "redfish", 1, {
    prefix: "sb",
    flags: ["--firmware", "uefi-secure"],
    add: ["--boot-by", "controller-media"],
  });
  await machine.happened("agent_enrolled", 1);
  await waitFor(`${machine.name} to be ready`, async () => /is in state ready /u.test(await machine.explain()), {
    timeoutMs: bootPatience,
  });
  const console = await machine.console();
  expect(console).toContain("Secure boot enabled");
  // The tiny image's loader has no signature.
  const { image } = await tinyServed(lab, "uefi");
  await succeeded(await machine.installStart(image, "unsigned"));
  await machine.says(/Access Denied|Security Violation/iu, { after: console.length });
  expect((await machine.console()).slice(console.length)).toContain("Secure Boot is on, and the image's loader");
});
