import { spawn } from "node:child_process";
import { copyFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { acceleratorFind } from "../../src/lab/accelerator.ts";
import { labPrograms } from "../../src/lab/programs.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { cpioArchive } from "../../src/lib/cpio.ts";
import { bootImage } from "../../test/support/boot-image.ts";
import type { QemuLab } from "../../test/support/qemu-lab.ts";

/** Memory in MiB of every measured machine, and of every reference. */
export const labMemory = 1024;

/**
 * Seconds that the simplest programs need to fetch, unpack and write the image, with the same kernel, memory, disk and
 * accelerator; by the guest's own clock.
 */
export async function referenceWrite(lab: QemuLab, url: string): Promise<number> {
  const script = [
    "while ! ip -4 addr show eth0 | grep -q inet; do usleep 50000; done",
    "begun=$(cut -d ' ' -f 1 /proc/uptime)",
    `/bin/busybox wget -q -O - ${url} | /opt/farrier/bin/zstd -q -dc | dd of=/dev/vda bs=4M iflag=fullblock oflag=direct conv=fsync`,
    'echo "REFERENCE $begun $(cut -d " " -f 1 /proc/uptime)"',
    "poweroff -f",
    "",
  ].join("\n");
  const { match } = await referenceBoot(lab, {
    path: "opt/farrier/supervise.sh",
    script,
    firmware: false,
    until: /REFERENCE (?<begun>[\d.]+) (?<ended>[\d.]+)/u,
  });
  return Number(match.groups?.["ended"]) - Number(match.groups?.["begun"]);
}

/**
 * Seconds from the start of QEMU with the same firmware to a line printed by /init: the same kernel, and the same
 * initramfs except for /init, which does nothing else. QEMU passes both directly, without a network.
 */
export async function referencePowerOn(lab: QemuLab): Promise<number> {
  const { seconds } = await referenceBoot(lab, {
    path: "init",
    script: "#!/bin/busybox sh\necho REFERENCE UP\nexec /bin/busybox sleep 1000\n",
    firmware: true,
    until: /REFERENCE UP/u,
  });
  return seconds;
}

/** Boots the boot image with one file replaced, until a text appears on its console. */
async function referenceBoot(
  lab: QemuLab,
  { path, script, firmware, until }: { path: string; script: string; firmware: boolean; until: RegExp },
): Promise<{ match: RegExpExecArray; seconds: number }> {
  const { folder, dataDir } = lab.place;
  const image = await bootImage();
  const { qemu, ovmf } = await labPrograms("uefi");
  // The accelerator of the lab's machines; determined when the first was made.
  const accelerator = await acceleratorFind(join(dataDir, "lab"), { qemu, user: undefined, clock: systemClock });
  const own = cpioArchive([{ kind: "file", path, mode: 0o755, data: Buffer.from(script) }]);
  const [initramfs, disk, variables] = ["reference", "reference-disk", "reference-variables"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(initramfs, Buffer.concat([await readFile(join(image, "initramfs")), own]));
  await writeFile(disk, "");
  await truncate(disk, 1 << 30);
  const pflash: string[] = [];
  if (firmware && ovmf !== undefined) {
    await copyFile(ovmf.variables, variables);
    pflash.push("-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${ovmf.code}`);
    pflash.push("-drive", `if=pflash,unit=1,format=raw,file=${variables}`);
  }
  const begun = performance.now();
  const child = spawn(
    qemu,
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,graphics=off", "-no-reboot"],
      ...(accelerator === "kvm" ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "max"]),
      ...["-smp", "2", "-m", `${labMemory}M`, "-serial", "stdio"],
      ...pflash,
      ...["-kernel", join(image, "vmlinuz"), "-initrd", initramfs, "-append", "console=ttyS0 no_timer_check"],
      ...["-netdev", "user,id=net0,ipv6=off", "-device", "virtio-net-pci,netdev=net0,romfile="],
      ...["-drive", `if=none,id=disk,format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap,file=${disk}`],
      ...["-device", "virtio-blk-pci,drive=disk"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const match = until.exec(said);
    if (match !== null) {
      const seconds = (performance.now() - begun) / 1000;
      child.kill("SIGKILL");
      return { match, seconds };
    }
  }
  throw new Error(`the reference ended without a figure; its console: ${said.slice(-2000)}`);
}
