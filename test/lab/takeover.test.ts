// A Debian that runs, with OpenSSH's sshd and a static address: its memory is taken by the agent, and another system is installed in its place.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debianHost, debianHostMissing } from "../support/debian-host.ts";
import { must } from "../support/lab.ts";
import { bootPatience, qemuMachine, succeeded } from "../support/qemu-lab.ts";
import { tinyServed } from "../support/qemu-lab-story.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { waitFor } from "../support/wait.ts";

const labOf = qemuLabSuite();

test("from a running Debian to another system, in two commands, without DHCP and without a trace on its disk", async (context) => {
  const missing = await debianHostMissing();
  context.skip(missing !== undefined, missing);
  const { place, ...lab } = labOf();
  await using host = await debianHost();
  await host.answers();
  const key = join(place.folder, "rented");
  await writeFile(key, host.clientKey, { mode: 0o600 });
  const credential = ["--kind", "ssh-key", "--user", "root", "--secret-file", key, "--for", "127.0.0.1/32"];
  await must(place.cli("credential", "create", "rented", ...credential));
  const account = ["--ssh", `root@127.0.0.1:${host.port}`, "--credential", "rented", "--ssh-host-key", host.hostKey];
  await must(place.cli("machine", "add", "web4", ...account));

  // Too little room is said, and nothing of the attempt stays.
  await host.command(
    "mkdir /run/full && mount -t tmpfs -o size=1200m full /run/full && dd if=/dev/zero of=/run/full/f bs=1M count=1080 status=none",
  );
  await must(place.cli("machine", "start-agent", "web4", "--yes"));
  await waitFor(
    "the reason",
    async () => (await must(place.cli("machine", "explain", "web4"))).stdout.includes("MiB of memory available"),
    {
      timeoutMs: bootPatience,
      intervalMs: 2_000,
    },
  );
  expect(await host.command("ls -d /run/farrier-takeover-* 2> /dev/null || true; umount /run/full")).toBe("");
  // The image has its own file there.
  expect(await host.command("find / -xdev -path '*farrier*' ! -path '/etc/cloud/*'")).toBe("");

  await must(place.cli("machine", "start-agent", "web4", "--yes"));
  const machine = { ...qemuMachine(place, "web4"), console: host.console };
  await machine.happened("takeover_begun", 1);
  await machine.happened("agent_registered", 1);
  await waitFor("web4 to be ready", async () => /is in state ready /u.test(await machine.explain()), {
    timeoutMs: bootPatience,
  });
  expect(await host.dhcpPackets()).toBe(0);

  const { image } = await tinyServed({ ...lab, place }, "bios");
  const after = (await host.console()).length;
  await succeeded(await machine.installStart(image, "taken"));
  await waitFor("the new system", async () => (await host.console()).slice(after).includes("FARRIER-TINY-OS is up"), {
    timeoutMs: bootPatience,
    intervalMs: 500,
  });
});
