// iPXE itself, in QEMU, against network boot: what it sends, and what it makes of the scripts.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootWindowOpen, bootWindowState } from "../../src/database/queries/boot/boot-window.ts";
import { machineIdentitySet } from "../../src/database/machine-identity.ts";
import { machineQuarantine } from "../../src/database/queries/machine/machine-quarantine.ts";
import { transact } from "../../src/database/transaction.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { netbootServe, type NetbootListener } from "../../src/netboot/serve.ts";
import { command, operator, testFleet, type Fleet, type TestMachine } from "../support/fleet.ts";
import { recordingLog } from "../support/recording-log.ts";
import { waitFor } from "../support/wait.ts";
import { withParent } from "../support/with-parent.ts";

const program = "/usr/bin/qemu-system-x86_64";
const firmware = { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" };

/** What is missing here to boot such a machine. */
function missing(platform: "efi" | "pcbios"): string | undefined {
  const rom = platform === "efi" ? "/usr/lib/ipxe/qemu/efi-virtio.rom" : "/usr/lib/ipxe/qemu/pxe-virtio.rom";
  const packages: [string, string][] = [
    [program, "qemu-system-x86"],
    [rom, "ipxe-qemu"],
    ...(platform === "efi" ? [[firmware.code, "ovmf"] as [string, string]] : []),
  ];
  const [first] = packages.filter(([path]) => !existsSync(path));
  return first === undefined ? undefined : `${first[0]} is not there (Debian's package ${first[1]})`;
}

let fleet: Fleet;
let folder: string;
let netboot: NetbootListener;
const recording = recordingLog();
const metrics = createMetrics();
beforeAll(async () => {
  fleet = await testFleet();
  folder = await mkdtemp(join(tmpdir(), "farrier-netboot-qemu-"));
  const image = join(folder, "boot-image", "x86_64");
  await mkdir(image, { recursive: true });
  // iPXE takes a script for a kernel: this one says what was loaded before it.
  await writeFile(join(image, "vmlinuz"), "#!ipxe\necho KERNEL STARTED ${uuid}\nimgstat\necho KERNEL END\npoweroff\n");
  await writeFile(join(image, "initramfs"), Buffer.alloc(1 << 20));
  netboot = await netbootServe({
    address: { host: "127.0.0.1", port: 0 },
    database: fleet.database,
    bootImages: join(folder, "boot-image"),
    ipxeFiles: folder,
    agents: { port: 8443 },
    caCertificate: Buffer.from("CA"),
    kernelArguments: "",
    metrics,
    log: recording.log,
    clock: systemClock,
  });
});
afterAll(async () => {
  await netboot[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  await fleet[Symbol.asyncDispose]();
});

interface Guest extends AsyncDisposable {
  /** What came out of its serial port. */
  serial(): string;
  running(): boolean;
}

let guests = 0;

async function boot(
  platform: "efi" | "pcbios",
  // The port that it boots by, by its place among all.
  { uuid, macs, bootsBy = 0 }: { uuid: string; macs: readonly string[]; bootsBy?: number },
): Promise<Guest> {
  guests += 1;
  const variables = join(folder, `vars-${guests}.fd`);
  if (platform === "efi") {
    await copyFile(firmware.variables, variables);
  }
  const url = `http://10.0.2.2:${netboot.address.port}/boot.ipxe`;
  const [first, ...words] = withParent([
    program,
    ...[
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-machine", "q35,graphics=off", "-uuid", uuid],
      ...["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"],
      ...(platform === "efi"
        ? [
            ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${firmware.code}`],
            ...["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
          ]
        : []),
      ...macs.flatMap((mac, index) => [
        ...["-netdev", index === bootsBy ? `user,id=n${index},bootfile=${url}` : `user,id=n${index}`],
        ...[
          "-device",
          `virtio-net-pci,netdev=n${index},mac=${mac}${index === bootsBy && bootsBy > 0 ? ",bootindex=0" : ""}`,
        ],
      ]),
    ],
  ]);
  const child: ChildProcess = spawn(first, words, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout?.on("data", (part: Buffer) => (text += part.toString("latin1")));
  child.stderr?.on("data", (part: Buffer) => (text += part.toString("latin1")));
  const ended = once(child, "exit");
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    serial: () => text,
    running,
    [Symbol.asyncDispose]: async () => {
      if (running()) {
        child.kill("SIGKILL");
      }
      await ended;
    },
  };
}

let made = 0;

async function known(): Promise<TestMachine & { uuid: string; macs: string[] }> {
  const machine = await fleet.add({ agent: false });
  made += 1;
  const macs = [`52:54:00:aa:0${made}:01`, `52:54:00:aa:0${made}:02`];
  const uuid = machine.machineId;
  await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { smbiosUuid: uuid, macs }));
  return { ...machine, uuid, macs };
}

const told = (machine: TestMachine) =>
  recording.lines.filter(({ machine: id, decision }) => id === machine.machineId && decision !== undefined);
const patience = { timeoutMs: 360_000, intervalMs: 100 };

describe.each(["pcbios", "efi"] as const)("%s", (platform) => {
  test(
    "says its UUID and MACs, and loads kernel, initramfs and a configuration with the token",
    { timeout: 420_000 },
    async (context) => {
      const why = missing(platform);
      context.skip(why !== undefined, why);
      const machine = await known();
      const { windowId } = await bootWindowOpen(fleet.database, machine.machineId, { actor: operator, seconds: 600 });
      await using guest = await boot(platform, machine);
      await waitFor("the kernel", () => guest.serial().includes("KERNEL END") || !guest.running(), patience);
      expect(guest.serial()).toContain(`KERNEL STARTED ${machine.uuid}`);
      expect(guest.serial()).toMatch(/initramfs : 1048576 bytes[^]*config\.cpio : \d+ bytes/u);
      const [asked, ...more] = told(machine);
      expect(more).toEqual([]);
      expect(asked).toMatchObject({ decision: "agent", platform, smbiosUuid: machine.uuid });
      // UEFI gives iPXE only the interface that it boots from.
      expect(asked?.["macs"]).toEqual(platform === "efi" ? machine.macs.slice(0, 1) : machine.macs);
      expect(await bootWindowState(fleet.database, windowId)).toBe("given");
    },
  );

  test("shows why it is held, and stays", { timeout: 420_000 }, async (context) => {
    const why = missing(platform);
    context.skip(why !== undefined, why);
    const machine = await known();
    const quarantine = { ...command(machine, "machine_quarantine"), actor: operator, reason: "broken" };
    await machineQuarantine(fleet.database, quarantine);
    await using guest = await boot(platform, machine);
    await waitFor("the reason", () => guest.serial().includes("this machine is held") || !guest.running(), patience);
    expect(told(machine)).toEqual([expect.objectContaining({ decision: "hold", platform })]);
    expect(guest.running()).toBe(true);
  });
});

test(
  "N5: a machine that is known by its ninth port alone is held when it boots by that",
  { timeout: 420_000 },
  async (context) => {
    const why = missing("pcbios");
    context.skip(why !== undefined, why);
    const machine = await fleet.add({ agent: false });
    const macs = Array.from({ length: 9 }, (_, index) => `52:54:00:bb:00:0${index}`);
    await transact(fleet.database, null, (tx) => machineIdentitySet(tx, machine.machineId, { macs: macs.slice(8) }));
    const quarantine = { ...command(machine, "machine_quarantine"), actor: operator, reason: "broken" };
    await machineQuarantine(fleet.database, quarantine);
    await using guest = await boot("pcbios", { uuid: machine.machineId, macs, bootsBy: 8 });
    await waitFor("the reason", () => guest.serial().includes("this machine is held") || !guest.running(), patience);
    expect(told(machine)).toEqual([expect.objectContaining({ decision: "hold", platform: "pcbios" })]);
  },
);

test(
  "N4: an installed UEFI machine goes on to its next boot entry after iPXE",
  { timeout: 420_000 },
  async (context) => {
    const why = missing("efi");
    context.skip(why !== undefined, why);
    const machine = await known();
    await fleet.rows("INSERT INTO machine_os_installed (machine_id, generation) VALUES ($1, 1)", machine.machineId);
    await using guest = await boot("efi", machine);
    const after = (): string => guest.serial().split("booting the disk", 2)[1] ?? "";
    // OVMF says that the entry failed, and begins with the next, which is its own network boot.
    const next = /BdsDxe: failed to load Boot[^]*>>Start/u;
    await waitFor("the next entry", () => next.test(after()) || !guest.running(), patience);
    expect(after()).toMatch(next);
  },
);
