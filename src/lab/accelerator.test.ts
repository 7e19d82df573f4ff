import { mkdtemp, readFile, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { qemuMissing } from "../../test/support/qemu.ts";
import { systemClock } from "../lib/clock.ts";
import { acceleratorFind, acceleratorWorks, testFirmware } from "./accelerator.ts";
import { qemuFind } from "./programs.ts";
import { qemuUser } from "./run-user.ts";

const missing = await qemuMissing();

test(
  "the guest of the self-test runs: with QEMU's own translator it says its word",
  { timeout: 300_000 },
  async (context) => {
    context.skip(missing !== undefined, missing);
    const options = { qemu: await qemuFind(), user: await qemuUser(), clock: systemClock };
    expect(testFirmware().length).toBe(64 << 10);
    expect(await acceleratorWorks("tcg", options)).toBe(true);
  },
);

test(
  "a guest that never says a word is given up, and the answer is kept until the next boot",
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "farrier-accelerator-"));
    try {
      // Stands for a QEMU whose KVM hangs: it ignores all it is told, and ends by SIGKILL alone.
      const qemu = join(folder, "qemu");
      await writeFile(qemu, `#!/bin/sh\necho started >> ${folder}/starts\ntrap '' TERM\nexec sleep 1000\n`);
      await chmod(qemu, 0o755);
      const options = { qemu, user: undefined, clock: systemClock };
      expect(await acceleratorFind(folder, options)).toBe("tcg");
      expect(await acceleratorFind(folder, options)).toBe("tcg");
      expect(await readFile(join(folder, "starts"), "utf8")).toBe("started\n");
      await writeFile(join(folder, ".accelerator.json"), '{"boot":"another","accelerator":"kvm"}');
      expect(await acceleratorFind(folder, options)).toBe("tcg");
      expect(await readFile(join(folder, "starts"), "utf8")).toBe("started\nstarted\n");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

describe("a KVM that refuses the host's processor", () => {
  // As QEMU does where the host is itself a guest whose KVM lacks a register: with any other processor it runs.
  const refusing = (folder: string): string => `#!/bin/sh
case "$*" in
  *"-accel kvm -cpu host"*) echo "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x0" >&2; kill -ABRT $$ ;;
  *) echo started >> ${folder}/starts; printf F; exec sleep 1000 ;;
esac
`;

  test("is found out by the self-test, and said with QEMU's own words, once", { timeout: 300_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "farrier-accelerator-"));
    try {
      const qemu = join(folder, "qemu");
      await writeFile(qemu, refusing(folder), { mode: 0o755 });
      const notes: string[] = [];
      const options = { qemu, user: undefined, clock: systemClock, note: (text: string) => void notes.push(text) };
      // The note of an older version, which tried another processor than machines get.
      const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
      await writeFile(join(folder, ".accelerator.json"), JSON.stringify({ boot, accelerator: "kvm" }));
      expect(await acceleratorFind(folder, options)).toBe("tcg");
      expect(await acceleratorFind(folder, options)).toBe("tcg");
      expect(notes).toEqual([
        expect.stringMatching(
          /^KVM is not used: .*failed to set MSR 0x10a to 0x0.*emulated, which is several times slower$/u,
        ),
      ]);
      expect(await acceleratorWorks("tcg", options)).toBe(true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
