// Machines without a network boot: their controller fetches a boot medium, and ejects it after the agent has enrolled.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sushyEmulator } from "../../src/controllers/testing/sushy-emulator.ts";
import { netbootUrlWrite } from "../../src/lab/netboot-url.ts";
import { bootMedium } from "../support/boot-image.ts";
import { must } from "../support/lab.ts";
import { labServers } from "../support/lab-servers.ts";
import { bootPatience, qemuMachine, succeeded } from "../support/qemu-lab.ts";
import { serverStory } from "../support/qemu-lab-server.ts";
import { tinyServed } from "../support/qemu-lab-story.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { root } from "../support/repository.ts";
import { waitFor } from "../support/wait.ts";

const labOf = qemuLabSuite();

/** Nothing answers there: a machine that boots from the network gets no agent. */
const nowhere = "http://10.0.2.2:9/boot.ipxe";

test("by a Redfish service that nobody here wrote: from a medium to installed, and the medium is out", async (context) => {
  const lab = labOf();
  const { place } = lab;
  await bootMedium();
  const servers = join(place.folder, "media");
  await netbootUrlWrite(join(servers, "lab"), nowhere);
  await using stack = new AsyncDisposableStack();
  const flags = ["--data-dir", servers, "--machines", "1", "--memory", "1024", "--disk-size", "1Gi"];
  await must(place.cli("lab", "up", "--name-prefix", "cd", ...flags));
  stack.defer(async () => void (await place.cli("lab", "down", "--data-dir", servers)));
  const command = [process.execPath, join(root, "bin/farrier.js"), "lab"];
  const emulator = stack.use(
    await sushyEmulator(context, {
      configuration: await readFile(join(root, "test/support/peers/sushy-lab.conf.py"), "utf8"),
      env: { FARRIER_LAB_COMMAND: JSON.stringify(command), FARRIER_LAB_DATA_DIR: servers },
    }),
  );
  const secret = join(place.folder, "media-password");
  await writeFile(secret, `${emulator.password}\n`, { mode: 0o600 });
  const credential = ["--kind", "bmc", "--user", emulator.userName, "--secret-file", secret, "--for", "127.0.0.1/32"];
  await must(place.cli("credential", "create", "media", ...credential));
  const how = ["--accept-new", "--boot-by", "controller-media"];
  await must(place.cli("bmc", "add", emulator.url, "--credential", "media", "--name", "cd1", ...how));

  const cd = qemuMachine(place, "cd-1", join(servers, "lab"));
  await serverStory(lab, { ...qemuMachine(place, "cd1"), console: cd.console, says: cd.says });
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
