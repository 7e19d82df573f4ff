// A Debian that runs, with OpenSSH's sshd and a static address: its memory is taken by the agent, and another system is installed in its place.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isPrintable } from "../../src/lib/format/printable.ts";
import { breakingProxy } from "../support/breaking-proxy.ts";
import { type DebianHost, debianHost, debianHostMissing } from "../support/debian-host.ts";
import { must } from "../support/lab.ts";
import { bootPatience, qemuMachine, succeeded } from "../support/qemu-lab.ts";
import { tinyServed } from "../support/qemu-lab-story.ts";
import { qemuLabSuite } from "../support/qemu-lab-suite.ts";
import { sshKeyPair } from "../support/ssh-host.ts";
import { waitFor } from "../support/wait.ts";

const labOf = qemuLabSuite();

/** What takeovers have left on a host: directories, files with a private key in them, a loaded kernel. */
async function leftOn(host: DebianHost): Promise<string> {
  return host.command(
    [
      "ls -d /run/farrier-takeover-* 2> /dev/null",
      // The image has its own file there.
      "find / -xdev -path '*farrier*' ! -path '/etc/cloud/*'",
      'grep -rl --binary-files=text --exclude-dir=full \'"privateKey":"[A-Za-z0-9]\' /run /tmp /var/tmp /dev/shm /root /home 2> /dev/null',
      "grep -l 1 /sys/kernel/kexec_loaded /sys/kernel/kexec/loaded 2> /dev/null",
      "true",
    ].join("; "),
  );
}

/** Makes accounts with the same authorized key: one without sudo, and two that say other things than they are asked. */
async function accountsMake(host: DebianHost): Promise<void> {
  const write = (path: string, text: string): string =>
    `echo ${Buffer.from(text).toString("base64")} | base64 -d > ${path}`;
  const programs = {
    noisy: "head -c 100000000 /dev/zero | tr '\\0' x",
    escapes: "printf '\\033]0;owned\\007\\033[2Jhello'",
  };
  for (const [user, text] of Object.entries(programs)) {
    await host.command(
      `${write(`/usr/local/bin/${user}`, `#!/bin/sh\n${text}\n`)} && chmod 755 /usr/local/bin/${user}`,
    );
  }
  const [key = ""] = (await host.command("cat /root/.ssh/authorized_keys")).split("\n");
  for (const [user, option] of [
    ["plain", ""],
    ["noisy", 'command="/usr/local/bin/noisy" '],
    ["escapes", 'command="/usr/local/bin/escapes" '],
  ] as const) {
    const keys = `~${user}/.ssh/authorized_keys`;
    await host.command(
      `useradd -m -s /bin/bash ${user} && install -d -m 700 -o ${user} ~${user}/.ssh && ${write(keys, `${option}${key}\n`)} && chown ${user} ${keys}`,
    );
  }
}

/** Puts the host's address on a bond, with a VLAN on it. */
async function bondMake(host: DebianHost): Promise<void> {
  const files = {
    "05-bond0.netdev": "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n",
    "05-vlan7.netdev": "[NetDev]\nName=vlan7\nKind=vlan\n[VLAN]\nId=7\n",
    // Before cloud-init's, and the image's that asks for DHCP.
    "05-card.network": `[Match]\nPermanentMACAddress=${host.mac}\nType=ether\n[Network]\nBond=bond0\n`,
    "05-bond0.network":
      "[Match]\nName=bond0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nDNS=10.0.2.3\nVLAN=vlan7\n",
    "05-vlan7.network": "[Match]\nName=vlan7\n[Network]\nAddress=192.0.2.7/24\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await host.command(`printf '%s' '${text}' > /etc/systemd/network/${name}`);
  }
  // The connection by which it is told breaks off.
  await host.command("systemd-run --on-active=1 systemctl restart systemd-networkd");
  await waitFor(
    "the Debian's bond",
    async () => {
      const addresses = await host.command("ip -br address");
      return (
        (/^bond0 .*10\.0\.2\.15\/24/mu.test(addresses) && /^vlan7@bond0 .*192\.0\.2\.7\/24/mu.test(addresses)) ||
        Promise.reject(new Error(addresses))
      );
    },
    { timeoutMs: bootPatience, intervalMs: 1_000 },
  );
}

test("from a running Debian to another system, in two commands, without DHCP and without a trace on its disk", async (context) => {
  const missing = await debianHostMissing();
  context.skip(missing !== undefined, missing);
  const { place, ...lab } = labOf();
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await debianHost());
  await host.answers();
  await bondMake(host);
  await accountsMake(host);
  const proxy = stack.use(await breakingProxy(host.port));
  const key = join(place.folder, "rented");
  await writeFile(key, host.clientKey, { mode: 0o600 });
  for (const user of ["root", "plain", "noisy", "escapes"]) {
    const credential = ["--kind", "ssh-key", "--user", user, "--secret-file", key, "--for", "127.0.0.1/32"];
    await must(place.cli("credential", "create", user, ...credential));
  }
  const account = (user: string, port = host.port, hostKey = host.hostKey): string[] => [
    ...["--ssh", `${user}@127.0.0.1:${port}`, "--credential", user, "--ssh-host-key", hostKey],
  ];
  await must(place.cli("machine", "add", "web4", ...account("root")));
  const machine = { ...qemuMachine(place, "web4"), console: host.console };

  /** Asks for a takeover that fails, and checks that the host runs on and nothing of it stays. */
  const refused = async (reason: RegExp): Promise<void> => {
    const failures = (await machine.history()).filter(({ event }) => event === "work_failed").length;
    await must(place.cli("machine", "start-agent", "web4", "--yes"));
    await machine.happened("work_failed", failures + 1);
    // The next try is the next command's, and none comes by itself meanwhile.
    await lab.rows("UPDATE work_backoff SET backoff_until = now() + interval '1 hour'");
    const explained = await machine.explain();
    expect(explained).toMatch(reason);
    expect(isPrintable(explained.replaceAll("\n", " "))).toBe(true);
    expect(await leftOn(host)).toBe("");
  };
  const boot = await host.command("cat /proc/sys/kernel/random/boot_id");

  await must(place.cli("machine", "update", "web4", ...account("root", host.port, sshKeyPair().publicKey)));
  await refused(/another host key than the pinned one, so nothing was sent to it/u);
  await must(place.cli("machine", "update", "web4", ...account("plain")));
  await refused(/not root, and can't use sudo without a password/u);
  await must(place.cli("machine", "update", "web4", ...account("noisy")));
  await refused(/the host sent more than 256 KiB/u);
  await must(place.cli("machine", "update", "web4", ...account("escapes")));
  await refused(/it said ".*hello"/u);

  await must(place.cli("machine", "update", "web4", ...account("root")));
  // All but 150 MiB of what is available: less than a takeover needs, and enough for sshd.
  await host.command(
    "mkdir /run/full && mount -t tmpfs -o size=1400m full /run/full && " +
      "dd if=/dev/zero of=/run/full/f bs=1M count=$(awk '/^MemAvailable:/ { print int($2 / 1024) - 150 }' /proc/meminfo) status=none",
  );
  await refused(/MiB of memory available/u);
  await host.command("umount /run/full && rmdir /run/full");

  // Its kernel refuses for real: what sshd starts has not the capability for it.
  const dropIn = "/run/systemd/system/ssh.service.d";
  await host.command(
    `mkdir -p ${dropIn} && printf '[Service]\\nCapabilityBoundingSet=~CAP_SYS_BOOT\\n' > ${dropIn}/weak.conf && systemctl daemon-reload && systemctl restart ssh`,
  );
  await refused(/the host's kernel did not load the agent's.*Operation not permitted/u);
  await host.command(`rm -r ${dropIn} && systemctl daemon-reload && systemctl restart ssh`);

  // Cut at each of its connections but the last: as it begins, and while much is carried.
  await must(place.cli("machine", "update", "web4", ...account("root", proxy.port)));
  for (const [number, bytes] of [
    ...[1, 2, 3, 4, 5, 6].map((one) => [one, 100] as const),
    ...[2, 4, 5].map((one) => [one, 500_000] as const),
  ]) {
    proxy.breakAt(number, bytes);
    await refused(/no SSH connection to root@127\.0\.0\.1|status 255/u);
    expect(proxy.connections()).toBeGreaterThanOrEqual(number);
  }
  // All that time it was the same system, as it was.
  expect(await host.command("cat /proc/sys/kernel/random/boot_id")).toBe(boot);

  // Cut at the last one, before the host has heard that it is to go, and once it has: it is told once more, and goes.
  const slow = '#!/bin/sh\n: > /run/told\nwhile [ ! -e /run/may-go ]; do sleep 1; done\nexec /usr/bin/systemctl "$@"\n';
  await host.command(`printf '%s' '${slow}' > /usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl`);
  proxy.breakAt(7, 100);
  await must(place.cli("machine", "start-agent", "web4", "--yes"));
  await waitFor("the host to be told", () => host.command("ls /run/told"), {
    timeoutMs: bootPatience,
    intervalMs: 500,
  });
  expect(proxy.connections()).toBe(8);
  proxy.breakNow();
  await waitFor("its agent to be waited for", async () =>
    (await machine.explain()).includes("its agent is waited for"),
  );
  await host.command("touch /run/may-go");
  await machine.happened("agent_registered", 1);
  await waitFor("web4 to be ready", async () => /is in state ready /u.test(await machine.explain()), {
    timeoutMs: bootPatience,
  });
  const said = await host.console();
  expect(said).toContain("farrier-network: bond0 has 10.0.2.15/24");
  expect(said).toContain("farrier-network: vlan7 has 192.0.2.7/24");
  expect(await host.dhcpPackets()).toBe(0);
  expect(await host.diskHolds('"privateKey":"')).toBe(false);

  const { image } = await tinyServed({ ...lab, place }, "bios");
  const after = (await host.console()).length;
  await succeeded(await machine.installStart(image, "taken"));
  await waitFor("the new system", async () => (await host.console()).slice(after).includes("FARRIER-TINY-OS is up"), {
    timeoutMs: bootPatience,
    intervalMs: 500,
  });
  expect(await host.dhcpPackets()).toBe(0);
  expect(await host.diskHolds('"privateKey":"')).toBe(false);
});
