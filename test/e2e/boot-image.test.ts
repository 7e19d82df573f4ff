import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { agentBundleMake } from "../../boot-image/agent-bundle-make.ts";
import type { BootImageManifest } from "../../boot-image/manifest.ts";
import { qmpConnect } from "../../src/lab/qmp.ts";
import { cpioArchive, type CpioEntry } from "../../src/lib/cpio.ts";
import { bootImage, bootImageMissing, qemuMissing } from "../support/boot-image.ts";
import { lab, type Lab } from "../support/lab.ts";
import { processGroup, type ProcessGroup } from "../support/process-group.ts";
import { root } from "../support/repository.ts";
import { waitFor } from "../support/wait.ts";

// An emulated machine on a shared core takes half a minute from power-on to the agent.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });
const patience = { timeoutMs: 180_000, intervalMs: 100 };

let folder: string;
let image: string;
let missing: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-boot-"));
  missing = (await qemuMissing()) ?? (await bootImageMissing());
  if (missing === undefined) {
    image = await bootImage();
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

beforeEach((context) => {
  context.skip(missing !== undefined, missing);
});

/** A machine that has the kernel and the initramfs at hand, with these files appended; it ends where it would restart. */
async function power(
  name: string,
  files: Record<string, string | Buffer>,
  commandLine: string,
  ...more: string[]
): Promise<ProcessGroup> {
  const entries = Object.entries(files).map(([path, text]): CpioEntry => ({
    kind: "file",
    path,
    mode: 0o700,
    data: typeof text === "string" ? Buffer.from(text) : text,
  }));
  const initrd = join(folder, name);
  await writeFile(initrd, Buffer.concat([await readFile(join(image, "initramfs")), cpioArchive(entries)]));
  await writeFile(`${initrd}.disk`, Buffer.alloc(1 << 20));
  const words = [
    ...["qemu-system-x86_64", "-machine", "q35,graphics=off", "-accel", "tcg,thread=multi", "-cpu", "max"],
    ...["-smp", "2", "-m", "1024", "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio"],
    ...["-kernel", join(image, "vmlinuz"), "-initrd", initrd],
    ...["-append", `'console=ttyS0 no_timer_check ${commandLine}'`],
    ...["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,mac=52:54:00:fa:22:1e"],
    ...["-drive", `file=${initrd}.disk,format=raw,if=none,id=disk`, "-device", "nvme,drive=disk,serial=first"],
    ...more,
  ];
  return processGroup(`exec ${words.join(" ")}`, { cwd: folder });
}

/** @throws with what the machine said */
async function said(machine: ProcessGroup, text: string | RegExp): Promise<void> {
  await waitFor(
    `${text} on the console`,
    () => {
      const found = typeof text === "string" ? machine.output.includes(text) : text.test(machine.output);
      return found || (machine.running ? undefined : Promise.reject(new Error(machine.output.slice(-3000))));
    },
    patience,
  );
}

test("a machine boots into the agent, which heartbeats to its control plane", async () => {
  const place: Lab = await lab();
  try {
    const up = await place.up("--server-name", "10.0.2.2");
    const { initFile, show } = await place.machine("guest");
    // Where a guest of QEMU's own network finds its host's loopback.
    const init = (await readFile(initFile, "utf8")).replace(up.agents, `10.0.2.2:${up.agents.split(":")[1]}`);
    await using machine = await power("guest", { "etc/farrier/agent-init.json": init }, "");
    await said(machine, '"msg":"farrier agent boots"');
    await said(machine, "the control plane answers heartbeats");
    const { agent } = await show();
    expect(agent?.heartbeatAt).toBeDefined();
    const { stdout } = await place.cli("hardware", "show", "guest", "--json");
    expect(stdout).toContain("QEMU");
    expect(stdout).toContain("first");
  } finally {
    await place[Symbol.asyncDispose]();
  }
});

test("what the agent calls is there and runs, by its name", async () => {
  // In place of what keeps the agent running.
  const script = `#!/bin/busybox sh
    cd /tmp
    for tool in sgdisk efibootmgr wipefs blkdiscard qemu-img zstd xz nvme mcopy mmd sfdisk blockdev partx lsblk smartctl; do
      case "$(/bin/busybox env which $tool)" in /opt/farrier/bin/*) ;; *) echo "WRONG $tool" ;; esac
      /opt/farrier/bin/$tool --version > /dev/null 2>&1 || echo "WRONG $tool ended with $?"
    done
    dd if=/dev/zero of=disk bs=1M count=8 2> /dev/null
    /opt/farrier/bin/mkfs.vfat -n CIDATA disk > /dev/null || echo "WRONG mkfs.vfat"
    echo written > file
    /opt/farrier/bin/mcopy -i disk file ::/user-data && /opt/farrier/bin/mcopy -i disk ::/user-data back
    cmp file back || echo "WRONG mcopy"
    dd if=/dev/zero of=root bs=1M count=16 2> /dev/null
    /bin/busybox mke2fs -F root > /dev/null 2>&1
    /opt/farrier/bin/e2fsck -fp root > /dev/null || echo "WRONG e2fsck ended with $?"
    /opt/farrier/bin/resize2fs root 12M > /dev/null 2>&1 || echo "WRONG resize2fs"
    [ -b /dev/nvme0n1 ] || echo "WRONG no NVMe"
    while [ ! -e /run/farrier/online ]; do sleep 0.2; done
    ip route | grep -q "^default via 10.0.2.2" || echo "WRONG no default route"
    grep -q 10.0.2.3 /etc/resolv.conf || echo "WRONG no name server"
    # The kernel asks for a file system's driver by itself.
    mount -t vfat /dev/nvme0n1 /mnt 2> /dev/null
    grep -q vfat /proc/filesystems || echo "WRONG no vfat"
    echo "TOOLS DONE"
    reboot -f
  `;
  await using machine = await power("tools", { "opt/farrier/supervise.sh": script }, "");
  await said(machine, "TOOLS DONE");
  expect(machine.output.split("\n").filter((line) => line.includes("WRONG"))).toEqual([]);
  await machine.ended;
});

test("a machine whose agent can't be kept up restarts", async () => {
  // What the kernel does not know of its command line is the first process's environment.
  const commandLine = "FARRIER_DEATHS=2 FARRIER_DELAY=0 FARRIER_POLL=0.2";
  await using machine = await power("broken", { "etc/farrier/boot.json": '{"endpoint":"nowhere"}' }, commandLine);
  await said(machine, "the agent can't be kept up: restarting the machine");
  expect(machine.output).toContain('\\"endpoint\\" is \\"nowhere\\", expected HOST:PORT');
  // Told not to restart, QEMU ends instead.
  expect(await machine.ended).toBe(0);
});

test("a hardware watchdog restarts a machine on which nothing looks after the agent any more", async () => {
  // Fed once, and not again for long: as if this process hung.
  const commandLine = "FARRIER_POLL=1000";
  const agent = { "etc/farrier/boot.json": '{"endpoint":"10.0.2.2:1"}' };
  await using machine = await power("hung", agent, commandLine, "-device", "i6300esb");
  await said(machine, "feeding /dev/watchdog");
  expect(await Promise.race([machine.ended, patienceOver()])).toBe(0);
});

async function patienceOver(): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, patience.timeoutMs).unref());
  return "it did not restart";
}

/** One command to the machine whose QMP socket lies in the folder: a conversation that is silent for long ends. */
async function tell(command: string, args?: Record<string, unknown>): Promise<unknown> {
  await using qmp = await qmpConnect(folder);
  return await qmp.execute(command, args);
}

test("N3: the port that the machine booted from is asked once its link comes, though another has had an address from the start", async () => {
  // In place of what keeps the agent running: tells what the network is like once the boot port is online.
  const script = `#!/bin/busybox sh
    port() { for path in /sys/class/net/*; do [ "$(cat $path/address)" = "$1" ] && echo "\${path##*/}"; done; }
    boot=$(port 52:54:00:fa:22:1e) other=$(port be:3a:f2:b6:05:9f)
    echo "PORTS $boot $other"
    while [ ! -e /run/farrier/online-$other ]; do sleep 0.2; done
    echo "THE OTHER HAS AN ADDRESS, the boot port's link is $(cat /sys/class/net/$boot/carrier)"
    while [ ! -e /run/farrier/online-$boot ]; do sleep 0.2; done
    ip -4 addr show $boot | sed -n 's/^ *inet /INET /p'
    echo "ROUTE $(ip route | head -n 1)"
    grep nameserver /etc/resolv.conf
    echo "NETWORK DONE"
    reboot -f
  `;
  // The second is as a management controller's port: a network of link-local addresses that leads nowhere.
  const controller = "user,id=usb,restrict=on,ipv6=off,net=169.254.3.0/24,host=169.254.3.254,dhcpstart=169.254.3.15";
  await using machine = await power(
    "ports",
    { "opt/farrier/supervise.sh": script },
    "BOOTIF=01-52-54-00-fa-22-1e",
    ...["-netdev", controller, "-device", "virtio-net-pci,netdev=usb,mac=be:3a:f2:b6:05:9f"],
    ...["-S", "-qmp", `unix:${join(folder, "qmp")},server=on,wait=off`],
  );
  await waitFor("QEMU to take commands", () => tell("query-status").catch(() => undefined), patience);
  await tell("set_link", { name: "net", up: false });
  await tell("cont");
  await said(machine, "THE OTHER HAS AN ADDRESS, the boot port's link is 0");
  const [, boot = "", other = ""] = /^PORTS (\S+) (\S+)/mu.exec(machine.output) ?? [];
  expect(machine.output).toContain(`farrier-network: asking for an address on ${other}`);
  expect(machine.output).not.toContain(`farrier-network: asking for an address on ${boot}`);
  await tell("set_link", { name: "net", up: true });
  await said(machine, "NETWORK DONE");
  expect(machine.output).toContain(`farrier-network: asking for an address on ${boot}`);
  expect(machine.output).toMatch(/^INET 10\.0\.2\.15\/24/mu);
  // Its route and its name server come before the other port's.
  expect(machine.output).toMatch(new RegExp(`^ROUTE default via 10\\.0\\.2\\.2 dev ${boot} +metric 10\\b`, "mu"));
  expect(machine.output).toMatch(/^nameserver 10\.0\.2\.3/mu);
  await machine.ended;
});

test("H10: ports in a real bond are reported with the addresses that they have by themselves", async (context) => {
  const modules = await bondingModules();
  context.skip(
    modules === undefined,
    "the boot image's kernel package has no bonding.ko and tls.ko as they are loaded",
  );
  const { code } = await agentBundleMake(join(root, "test/support/nics-child.ts"));
  const script = `#!/bin/busybox sh
    touch /run/farrier/reached
    insmod /tls.ko; insmod /bonding.ko mode=active-backup
    port() { for path in /sys/class/net/*; do [ "$(cat $path/address)" = "$1" ] && echo "\${path##*/}"; done; }
    one=$(port 52:54:00:00:00:11) two=$(port 52:54:00:00:00:12)
    for each in $one $two; do ip link set $each down; echo "+$each" > /sys/class/net/bond0/bonding/slaves; done
    for each in $one $two; do echo "IN BOND $(cat /sys/class/net/$each/address)"; done
    /opt/farrier/node /nics-print.mjs
    echo "BOND DONE"
    reboot -f
  `;
  const port = (name: string, mac: string): string[] => [
    ...["-netdev", `user,id=${name},restrict=on`, "-device", `virtio-net-pci,netdev=${name},mac=${mac}`],
  ];
  await using machine = await power(
    "bond",
    { "opt/farrier/supervise.sh": script, "nics-print.mjs": code, ...modules },
    "BOOTIF=01-52-54-00-fa-22-1e",
    ...port("one", "52:54:00:00:00:11"),
    ...port("two", "52:54:00:00:00:12"),
  );
  await said(machine, "BOND DONE");
  // The bond gave both the first one's address.
  expect(machine.output.match(/^IN BOND .*$/gmu)?.map((line) => line.trim())).toEqual(
    Array(2).fill("IN BOND 52:54:00:00:00:11"),
  );
  const ports = machine.output.match(/(?<=^PORT \S+ )[0-9a-f]{12}/gmu) ?? [];
  expect(ports.toSorted()).toEqual(["525400000011", "525400000012", "525400fa221e"]);
  await machine.ended;
});

/** The modules of a bond, of the kernel that the image has; undefined = its package does not have them as they are loaded. */
async function bondingModules(): Promise<Record<string, Buffer> | undefined> {
  const manifest = JSON.parse(await readFile(join(image, "manifest.json"), "utf8")) as BootImageManifest;
  const kernel = manifest.packages.find(({ name }) => name === `linux-image-${manifest.kernelVersion}`);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "farrier");
  const modules = join(cache, "unpacked", kernel?.sha256 ?? "", "lib/modules", manifest.kernelVersion, "kernel");
  try {
    const [bonding, tls] = ["drivers/net/bonding/bonding.ko", "net/tls/tls.ko"].map((path) => join(modules, path));
    return { "bonding.ko": await readFile(bonding ?? ""), "tls.ko": await readFile(tls ?? "") };
  } catch {
    return undefined;
  }
}
