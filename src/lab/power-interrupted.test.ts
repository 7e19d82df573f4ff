// A power switch whose command is told to stop.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { farrierStart } from "../../test/support/farrier-process.ts";
import { qemuMissing } from "../../test/support/qemu.ts";
import { waitFor } from "../../test/support/wait.ts";
import { labMachineCreate } from "./directory.ts";
import { labMachineMake } from "./machine.ts";
import { powerGet } from "./power.ts";
import { qemuUser } from "./run-user.ts";

test.for(["SIGTERM", "SIGINT"] as const)(
  "%s while QEMU starts: it is ended, and the machine is off",
  { timeout: 120_000 },
  async (signal, context) => {
    const missing = await qemuMissing();
    context.skip(missing !== undefined, missing);
    const folder = await mkdtemp(join(tmpdir(), "farrier-power-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // For QEMU's user. Its QEMU never takes commands.
    await chmod(folder, 0o755);
    const programs = join(folder, "programs");
    await mkdir(programs);
    await writeFile(join(programs, "qemu-system-x86_64"), "#!/bin/sh\nwhile :; do sleep 1; done\n", { mode: 0o755 });
    const lab = join(folder, "data", "lab");
    const shape = { firmware: "bios", disk: "virtio", disks: 1, diskBytes: 1 << 20, nics: 1 } as const;
    await mkdir(join(folder, "data"));
    await labMachineCreate(lab, labMachineMake("slow", { ...shape, memoryMiB: 256, cpus: 1 }), await qemuUser());
    const env = { FARRIER_DATA_DIR: join(folder, "data"), PATH: `${programs}:${process.env["PATH"] ?? ""}` };
    const power = farrierStart(["lab", "power", "slow", "on"], { env });
    await waitFor("QEMU to be started", async () => (await powerGet(lab, "slow")) === "on", { timeoutMs: 60_000 });
    const pid = (await readFile(join(lab, "slow/pid"), "utf8")).trim();
    const ran = await power.end(signal);
    expect(ran.stderr).toContain("switching slow on was interrupted, and it is off");
    expect(ran.status).toBe(1);
    await waitFor("QEMU to end", async () => (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === "");
    expect(await powerGet(lab, "slow")).toBe("off");
  },
);
