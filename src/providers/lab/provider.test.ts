// The provider on real QEMUs; nothing is booted to an end.
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { qemuMissing } from "../../../test/support/qemu.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { systemClock } from "../../lib/clock.ts";
import { userName } from "../../lib/host/passwd.ts";
import { providerConformance } from "../../shepherd/testing/provider-conformance.ts";
import { consoleFile, labMachineCreate, labMachineList, qemuDirectory } from "../../lab/directory.ts";
import { type LabMachine, labMachineMake, type LabMachineShape } from "../../lab/machine.ts";
import { labMachineRemove, type LabPlace, powerGet, powerSet } from "../../lab/power.ts";
import { labProvider } from "./provider.ts";
import { qemuPid } from "../../lab/qemu-process.ts";
import { qmpConnect } from "../../lab/qmp.ts";
import { qemuUser } from "../../lab/run-user.ts";

const missing = await qemuMissing();
const shape: LabMachineShape = {
  firmware: "bios",
  disk: "virtio",
  disks: 1,
  diskBytes: 64 << 20,
  nics: 1,
  memoryMiB: 256,
  cpus: 1,
};

interface TestLab extends LabPlace, AsyncDisposable {
  make(name: string, more?: Partial<LabMachineShape>): Promise<LabMachine>;
}

/** A lab of one's own; what runs in it is ended when it is disposed of. */
async function testLab(context: TestContext): Promise<TestLab> {
  context.skip(missing !== undefined, missing);
  const folder = await mkdtemp(join(tmpdir(), "farrier-lab-test-"));
  // Nobody listens there: a machine that boots from the network finds nothing.
  const place = { directory: join(folder, "lab"), netbootUrl: "http://10.0.2.2:9/boot.ipxe", clock: systemClock };
  return {
    ...place,
    make: async (name, more) => {
      const machine = labMachineMake(name, { ...shape, ...more });
      await labMachineCreate(place.directory, machine, await qemuUser());
      return machine;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { name } of await labMachineList(place.directory)) {
        await labMachineRemove(place, name);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe("as a provider", () => {
  providerConformance(async (context) => {
    const lab = await testLab(context);
    const { uuid } = await lab.make("lab-1");
    await lab.make("lab-2", { firmware: "uefi", disk: "nvme" });
    return {
      provider: labProvider(lab),
      providerId: uuid,
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  });
});

test.for([
  ["bios", "virtio"],
  ["bios", "sata"],
  ["uefi", "nvme"],
] as const)(
  "a machine with %s and %s starts, with several disks and network interfaces",
  { timeout: 300_000 },
  async ([firmware, disk], context) => {
    await using lab = await testLab(context);
    await lab.make("big", { firmware, disk, disks: 6, nics: 6 });
    await powerSet(lab, "big", "on");
    await using qmp = await qmpConnect(qemuDirectory(lab.directory, "big"));
    expect(await qmp.execute("query-status")).toMatchObject({ status: "running" });
  },
);

test(
  "a machine boots from the network this once, and outlives who switched it on",
  { timeout: 300_000 },
  async (context) => {
    await using lab = await testLab(context);
    const machine = await lab.make("net");
    await powerSet(lab, "net", "on", "network");
    const text = () => readFile(consoleFile(lab.directory, "net"), "utf8");
    // SeaBIOS says what it boots from.
    const said = await waitFor(
      "the network's turn",
      async () => {
        const now = await text();
        return now.includes("Booting from ROM") && now;
      },
      { timeoutMs: 60_000 },
    );
    // The disk's turn may have come meanwhile: after it.
    expect(said.split("Booting from ROM")[0]).not.toContain("Booting from Hard Disk");
    await powerSet(lab, "net", "reset");
    await waitFor("the disk's turn", async () => (await text()).includes("Booting from Hard Disk"), {
      timeoutMs: 60_000,
    });
    const pid = await qemuPid(qemuDirectory(lab.directory, "net"), machine);
    const session = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[3];
    // A session of its own: no terminal's signals reach it.
    expect(session).toBe(String(pid));
  },
);

test(
  "A4: QEMU runs unprivileged where it can, and its files are nobody else's",
  { timeout: 300_000 },
  async (context) => {
    await using lab = await testLab(context);
    const machine = await lab.make("own");
    await powerSet(lab, "own", "on");
    const qemu = qemuDirectory(lab.directory, "own");
    const { uid } = await stat(`/proc/${await qemuPid(qemu, machine)}`);
    expect(uid).not.toBe(0);
    if (process.getuid?.() === 0) {
      expect(userName(await readFile("/etc/passwd", "utf8"), uid)).toBe("farrier-lab");
    }
    const { uid: owner, mode } = await stat(join(qemu, "disk0.raw"));
    expect([owner, mode & 0o777]).toEqual([uid, 0o600]);
    // Sparse: what is not written takes no room.
    expect((await stat(join(qemu, "disk0.raw"))).blocks).toBe(0);
  },
);

test(
  "who killed it, and whose process has its number by now, misleads nobody",
  { timeout: 300_000 },
  async (context) => {
    await using lab = await testLab(context);
    const machine = await lab.make("kill");
    await powerSet(lab, "kill", "on");
    const qemu = qemuDirectory(lab.directory, "kill");
    const pid = await qemuPid(qemu, machine);
    expect(pid).toBeGreaterThan(1);
    process.kill(pid ?? 0, "SIGKILL");
    await waitFor("it to be off", async () => (await powerGet(lab.directory, "kill")) === "off");
    // The note of its process is lost, or names another process: it is found all the same.
    await powerSet(lab, "kill", "on");
    await rm(join(lab.directory, "kill", "pid"));
    expect(await powerGet(lab.directory, "kill")).toBe("on");
    await powerSet(lab, "kill", "off");
    expect(await powerGet(lab.directory, "kill")).toBe("off");
  },
);

test("a QEMU that does not start says why", { timeout: 300_000 }, async (context) => {
  await using lab = await testLab(context);
  await lab.make("bad");
  await rm(join(qemuDirectory(lab.directory, "bad"), "disk0.raw"));
  await expect(powerSet(lab, "bad", "on")).rejects.toThrow(/QEMU did not start .*disk0\.raw/su);
  expect(await powerGet(lab.directory, "bad")).toBe("off");
});
