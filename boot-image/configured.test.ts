import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

// The image's script, run by this host's shell, with files as interfaces, and programs that record their arguments.
const script = fileURLToPath(new URL("files/configured.sh", import.meta.url));

interface Rig {
  folder: string;
  card(name: string, mac: string): Promise<void>;
  /** Sets this network; resolves to the calls of `ip`, `udhcpc` and `modprobe`, and what the script says. */
  run(network: string): Promise<{ calls: string[]; said: string }>;
}

async function rig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-configured-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const calls = join(folder, "calls");
  await mkdir(join(folder, "bin"));
  await mkdir(join(folder, "run"));
  await mkdir(join(folder, "sys/class/net"), { recursive: true });
  await writeFile(calls, "");
  for (const name of ["ip", "udhcpc", "modprobe"]) {
    const path = join(folder, "bin", name);
    await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${calls}\n`);
    await chmod(path, 0o755);
  }
  return {
    folder,
    card: async (name, mac) => {
      const path = join(folder, "sys/class/net", name);
      await mkdir(join(path, "device"), { recursive: true });
      await mkdir(join(path, "bonding"), { recursive: true });
      await writeFile(join(path, "address"), `${mac}\n`);
    },
    run: async (network) => {
      await writeFile(join(folder, "network"), network);
      const { stdout } = await promisify(execFile)("sh", [script], {
        env: {
          ...process.env,
          PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
          FARRIER_SYS: join(folder, "sys"),
          FARRIER_RUN: join(folder, "run"),
          FARRIER_NETWORK: join(folder, "network"),
          FARRIER_RESOLV: join(folder, "resolv.conf"),
          FARRIER_MODPROBE: join(folder, "bin/modprobe"),
          FARRIER_ADDRESS: "/address.sh",
          FARRIER_POLL: "0.01",
          FARRIER_CARDS: "3",
        },
      });
      return { calls: (await readFile(calls, "utf8")).trim().split("\n"), said: stdout };
    },
  };
}

test("addresses, routes and name servers are set on the card with the MAC, whatever its name, and nothing is requested", async () => {
  const { folder, card, run } = await rig();
  await card("eth7", "52:54:00:00:00:01");
  const { calls } = await run(`ethernet lan 52:54:00:00:00:01
mtu lan 9000
up lan
address lan 192.0.2.7/24
address lan 2001:db8::7/64
route lan 4 192.0.3.1/32 - - -
route lan 4 default 192.0.2.1 100 onlink
route lan 6 default fe80::1 - -
dns 192.0.2.53
search example.org
search example.net
`);
  expect(calls).toEqual([
    "ip link set dev eth7 mtu 9000",
    "ip link set dev eth7 up",
    "ip addr replace 192.0.2.7/24 dev eth7",
    "ip addr replace 2001:db8::7/64 dev eth7",
    "ip -4 route replace 192.0.3.1/32 dev eth7 scope link",
    "ip -4 route replace default via 192.0.2.1 dev eth7 metric 100 onlink",
    "ip -6 route replace default via fe80::1 dev eth7",
  ]);
  expect(await readFile(join(folder, "resolv.conf"), "utf8")).toBe(
    "nameserver 192.0.2.53\nsearch example.org example.net\n",
  );
  expect(await readFile(join(folder, "run/online"), "utf8")).toBe("eth7 has 2001:db8::7/64\n");
});

test("a VLAN on a bond of two cards; another card by DHCP", async () => {
  const { folder, card, run } = await rig();
  await card("eth0", "52:54:00:00:00:01");
  await card("eth1", "52:54:00:00:00:02");
  await card("eth2", "52:54:00:00:00:03");
  // The kernel makes it when its name is written.
  await card("bond0", "none");
  const { calls } = await run(`ethernet a 52:54:00:00:00:01
ethernet b 52:54:00:00:00:02
ethernet c 52:54:00:00:00:03
bond bond0 802.3ad 100 fast -
member bond0 a
member bond0 b
vlan storage 42 bond0
up c
dhcp c
up bond0
up storage
address storage 10.42.0.7/16
`);
  expect(calls.filter((call) => !call.startsWith("udhcpc"))).toEqual([
    "modprobe bonding max_bonds=0",
    "ip link set dev eth0 down",
    "ip link set dev eth1 down",
    "modprobe 8021q",
    "ip link set dev bond0 up",
    "ip link add link bond0 name storage type vlan id 42",
    "ip link set dev eth2 up",
    "ip link set dev bond0 up",
    "ip link set dev storage up",
    "ip addr replace 10.42.0.7/16 dev storage",
  ]);
  expect(calls).toContainEqual(expect.stringMatching(/^udhcpc -f -i eth2 /u));
  const bonding = join(folder, "sys/class/net/bond0/bonding");
  expect(await readFile(join(bonding, "mode"), "utf8")).toBe("802.3ad\n");
  expect(await readFile(join(bonding, "lacp_rate"), "utf8")).toBe("fast\n");
  expect(await readFile(join(bonding, "slaves"), "utf8")).toBe("+eth1\n");
});

test("a missing card is said, and the others are set", async () => {
  const { card, run } = await rig();
  await card("eth0", "52:54:00:00:00:01");
  const { calls, said } = await run(`ethernet a 52:54:00:00:00:01
ethernet b 52:54:00:00:00:02
up a
address a 192.0.2.7/24
up b
address b 192.0.2.8/24
`);
  expect(calls).toEqual(["ip link set dev eth0 up", "ip addr replace 192.0.2.7/24 dev eth0"]);
  expect(said).toContain("going on without the network card with the MAC 52:54:00:00:00:02");
});
