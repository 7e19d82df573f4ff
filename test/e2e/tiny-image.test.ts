import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bootImageMissing, qemuMissing } from "../support/boot-image.ts";
import { farrierStart } from "../support/farrier-process.ts";
import { must } from "../support/lab.ts";
import { processGroup } from "../support/process-group.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const ovmf = { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" };
let folder: string;
let missing: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-tiny-"));
  missing = (await qemuMissing()) ?? (await bootImageMissing());
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.for(["uefi", "bios"] as const)(
  "the tiny image for %s boots, and is the same each time",
  async (firmware, context) => {
    context.skip(missing !== undefined, missing);
    const variables = await readFile(ovmf.variables).catch(() => undefined);
    context.skip(
      firmware === "uefi" && variables === undefined,
      "OVMF is not installed: on Debian, `apt install ovmf`",
    );
    const file = join(folder, `${firmware}.raw.zst`);
    const build = ["image", "build", "tiny", "--firmware", firmware, "--out", file];
    const { stdout } = await must(farrierStart(build).ended);
    const packed = await readFile(file);
    const digest = `sha256:${createHash("sha256").update(packed).digest("hex")}`;
    expect(await readFile(`${file}.sha256`, "utf8")).toBe(`${digest}\n`);
    expect(stdout).toContain(digest);
    const disk = zstdDecompressSync(packed);
    expect(stdout).toContain(`unpacked ${disk.length} bytes`);
    await must(farrierStart(build).ended);
    expect((await readFile(file)).equals(packed)).toBe(true);

    await writeFile(`${file}.disk`, disk);
    const words = [
      "-machine",
      "q35,graphics=off",
      "-accel",
      "tcg,thread=multi",
      "-cpu",
      "max",
      "-m",
      "512",
      "-nodefaults",
    ];
    words.push("-nographic", "-serial", "stdio", "-drive", `file=${file}.disk,format=raw,if=none,id=disk`);
    if (firmware === "uefi") {
      await copyFile(ovmf.variables, `${file}.variables`);
      words.push("-drive", `if=pflash,format=raw,readonly=on,file=${ovmf.code}`);
      words.push("-drive", `if=pflash,format=raw,file=${file}.variables`, "-device", "virtio-blk-pci,drive=disk");
    } else {
      words.push("-device", "ide-hd,drive=disk");
    }
    await using machine = processGroup(`exec qemu-system-x86_64 ${words.join(" ")}`, { cwd: folder });
    await waitFor(
      "the marker on the console",
      () =>
        machine.output.includes("FARRIER-TINY-OS is up") ||
        (machine.running ? undefined : Promise.reject(new Error(machine.output))),
      { timeoutMs: 200_000, intervalMs: 100 },
    );
    expect(machine.output).toContain(`FARRIER-TINY-OS booted by ${firmware.toUpperCase()}, kernel `);
    expect(machine.output).toContain("seed none");
  },
);
