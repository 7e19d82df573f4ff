// The boot image with all drivers, on the storage and network cards that QEMU has: each is found and named.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, test, vi } from "vitest";
import { cpioArchive } from "../../src/lib/cpio.ts";
import { bootImageMissing, bootImageOf, qemuMissing } from "../support/boot-image.ts";
import { lab } from "../support/lab.ts";
import { processGroup } from "../support/process-group.ts";
import { waitFor } from "../support/wait.ts";

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 1_200_000 });

let folder: string;
let missing: string | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-drivers-"));
  missing = (await qemuMissing()) ?? (await bootImageMissing());
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));
beforeEach((context) => context.skip(missing !== undefined, missing));

/**
 * QEMU's devices of a disk, by the serial number that the disk gets. mptsas1068 is left out: Linux 6.1 begins to bring the
 * emulated card up, and no disk appears.
 */
const disks: Readonly<Record<string, readonly string[]>> = {
  "S-VIRTIO": ["virtio-blk-pci,drive=S-VIRTIO,serial=S-VIRTIO"],
  "S-NVME": ["nvme,drive=S-NVME,serial=S-NVME"],
  "S-AHCI": ["ide-hd,bus=ide.0,drive=S-AHCI,serial=S-AHCI"],
  "S-MEGA": ["megasas,id=mega", "scsi-hd,bus=mega.0,drive=S-MEGA,serial=S-MEGA"],
  "S-LSI": ["lsi53c895a,id=lsi", "scsi-hd,bus=lsi.0,drive=S-LSI,serial=S-LSI"],
  "S-PVSCSI": ["pvscsi,id=pv", "scsi-hd,bus=pv.0,drive=S-PVSCSI,serial=S-PVSCSI"],
  "S-VSCSI": ["virtio-scsi-pci,id=vs", "scsi-hd,bus=vs.0,drive=S-VSCSI,serial=S-VSCSI"],
  "S-USB": ["qemu-xhci,id=xhci", "usb-storage,bus=xhci.0,drive=S-USB,serial=S-USB"],
};
/** Network cards and their MACs; QEMU 7.2 has no igb. */
const cards = ["virtio-net-pci", "e1000e", "e1000", "vmxnet3", "rtl8139"] as const;
const macOf = (index: number): string => `52:54:00:fa:33:0${index}`;

test("1 GiB of memory, every storage and network card: all disks and ports are in the hardware report", async () => {
  const image = await bootImageOf("all");
  await using place = await lab();
  const up = await place.up("--server-name", "10.0.2.2");
  const { initFile } = await place.machine("rack");
  const init = (await readFile(initFile, "utf8")).replace(up.agents, `10.0.2.2:${up.agents.split(":")[1]}`);
  const initrd = join(folder, "initrd");
  const entry = { kind: "file", path: "etc/farrier/agent-init.json", mode: 0o600, data: Buffer.from(init) } as const;
  await writeFile(initrd, Buffer.concat([await readFile(join(image, "initramfs")), cpioArchive([entry])]));
  const words = [
    ...["qemu-system-x86_64", "-machine", "q35,graphics=off", "-accel", "tcg,thread=multi", "-cpu", "max"],
    ...["-smp", "2", "-m", "1024", "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio"],
    ...["-kernel", join(image, "vmlinuz"), "-initrd", initrd, "-append", "'console=ttyS0 no_timer_check'"],
  ];
  for (const [name, devices] of Object.entries(disks)) {
    const file = join(folder, name);
    await writeFile(file, Buffer.alloc(4 << 20));
    words.push("-drive", `file=${file},format=raw,if=none,id=${name}`);
    words.push(...devices.flatMap((device) => ["-device", device]));
  }
  for (const [index, card] of cards.entries()) {
    const restrict = index === 0 ? "" : `,restrict=on,net=10.0.${index + 3}.0/24`;
    words.push("-netdev", `user,id=net${index}${restrict}`);
    words.push("-device", `${card},netdev=net${index},mac=${macOf(index)}`);
  }
  await using machine = processGroup(`exec ${words.join(" ")}`, { cwd: folder });
  await waitFor(
    "the control plane to be answered",
    () =>
      machine.output.includes("the control plane answers heartbeats") ||
      (machine.running ? undefined : Promise.reject(new Error(machine.output.slice(-3000)))),
    { timeoutMs: 900_000, intervalMs: 200 },
  );
  // The report comes with the first heartbeat that is answered.
  const macs = cards.keys().map((index) => Buffer.from(macOf(index).replaceAll(":", ""), "hex").toString("base64"));
  const wanted = [...Object.keys(disks), ...macs];
  await waitFor(
    "all disks and ports to be reported",
    async () => {
      const { stdout } = await place.cli("hardware", "show", "rack", "--json");
      const absent = wanted.filter((each) => !stdout.includes(each));
      return absent.length === 0 || (machine.running ? undefined : Promise.reject(new Error(absent.join(", "))));
    },
    { timeoutMs: 60_000, intervalMs: 1000 },
  );
});
