import { spawn } from "node:child_process";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cpioArchive } from "../src/lib/cpio.ts";
import { qemuFind } from "../src/lab/programs.ts";
import { bootImage } from "../test/support/boot-image.ts";
import { bootPatience, qemuLab, type QemuLab, qemuLabMissing, type QemuMachine } from "../test/support/qemu-lab.ts";
import { installAndRun, tinyServed } from "../test/support/qemu-lab-story.ts";
import { waitFor } from "../test/support/wait.ts";
import { median, report } from "./support/report.ts";

/** Installations that are timed; the median counts, of the reference too. */
const rounds = 3;
/** The machine's memory in MiB; the reference's too. */
const memory = 1024;

/**
 * P10: from the request to the installed system's first line, against the pure work in it: the same image fetched, unpacked and
 * written by the plainest programs in the same kind of machine, and the one reboot, which is the firmware's, the loader's and the
 * kernel's. Beside it, from power-on to the first heartbeat.
 */
export async function benchLab({ json }: { json: boolean }): Promise<void> {
  const missing = await qemuLabMissing();
  if (missing !== undefined) {
    process.stderr.write(`the lab is not measured: ${missing}\n`);
    return;
  }
  await using lab = await qemuLab();
  const machine = await lab.machine("bench", "--memory", String(memory), "--disk-size", "1Gi");
  await machine.happened("agent_enrolled", 1);
  await machine.happened("hardware_reported", 1);
  const toAgent = await secondsBetween(machine, "boot_window_opened", "hardware_reported");
  const { image } = await tinyServed(lab);
  const runs: { installed: number; rebooted: number; reset: number }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    if (round > 1) {
      await waitingAgain(lab, machine, round);
    }
    const word = `bench-${round}`;
    const [restarting, installed] = await Promise.all([
      secondsUntil(machine, "reboot: Restarting system"),
      installAndRun(machine, image, word),
    ]);
    runs.push({ installed, rebooted: installed - restarting, reset: await reset(machine, word) });
  }
  const written: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    written.push(await reference(lab, image.url));
  }
  const all = (which: keyof (typeof runs)[number]): number[] => runs.map((run) => run[which]);
  const [ours, write, boot] = [median(all("installed")), median(written), median(all("rebooted"))];
  report(
    {
      id: "P10",
      value: ours / (write + boot),
      target: 1.2,
      better: "lower",
      details: {
        "request to the installed system's line, s": ours,
        "of all rounds, s": rounded(all("installed")),
        "fetched, unpacked and written by busybox wget, zstd and dd, s": write,
        "the reboot in it, from the kernel's last line to the system's first, s": rounded(all("rebooted")),
        "beside it, a reset of the installed system to its first line, s": rounded(all("reset")),
      },
    },
    json,
  );
  report(
    {
      id: "lab-request-to-marker",
      value: ours,
      target: 30,
      better: "lower",
      unit: " s",
      details: { firmware: "UEFI" },
    },
    json,
  );
  report(
    {
      id: "lab-power-on-to-heartbeat",
      value: toAgent,
      target: 25,
      better: "lower",
      unit: " s",
      details: { firmware: "UEFI" },
    },
    json,
  );
}

function rounded(seconds: readonly number[]): number[] {
  return seconds.map((one) => Number(one.toFixed(2)));
}

/** Seconds from now until a text is new on its console. */
async function secondsUntil(machine: QemuMachine, text: string): Promise<number> {
  const begun = performance.now();
  await machine.says(text, { after: (await machine.console()).length });
  return (performance.now() - begun) / 1000;
}

async function secondsBetween(machine: QemuMachine, from: string, to: string): Promise<number> {
  const history = await machine.history();
  const at = (event: string): number => {
    const time = history.findLast((entry) => entry.event === event)?.at;
    return Number(time?.seconds ?? 0n) + (time?.nanos ?? 0) / 1e9;
  };
  return at(to) - at(from);
}

/** An agent that waits, as at the beginning: what is installed is forgotten, so that one is wanted. */
async function waitingAgain(lab: QemuLab, machine: QemuMachine, round: number): Promise<void> {
  await lab.rows("DELETE FROM machine_agent_heartbeat");
  await lab.rows("DELETE FROM machine_agent_started");
  await lab.rows("DELETE FROM machine_os_installed");
  await machine.happened("agent_enrolled", round);
  await waitFor("its heartbeat", async () => (await machine.show()).agent?.heartbeatAt !== undefined, {
    timeoutMs: bootPatience,
  });
}

async function reset(machine: QemuMachine, word: string): Promise<number> {
  const after = (await machine.console()).length;
  const begun = performance.now();
  await machine.power("reset");
  await machine.says(`# ${word}`, { after });
  return (performance.now() - begun) / 1000;
}

/** Seconds that the plainest programs take to fetch, unpack and write the image, in the same kernel, memory and disk. */
async function reference(lab: QemuLab, url: string): Promise<number> {
  const folder = lab.place.folder;
  const image = await bootImage();
  const script = [
    "while ! ip -4 addr show eth0 | grep -q inet; do usleep 50000; done",
    "begun=$(cut -d ' ' -f 1 /proc/uptime)",
    `/bin/busybox wget -q -O - ${url} | /opt/farrier/bin/zstd -q -dc | dd of=/dev/vda bs=4M iflag=fullblock oflag=direct conv=fsync`,
    'echo "REFERENCE $begun $(cut -d " " -f 1 /proc/uptime)"',
    "poweroff -f",
    "",
  ].join("\n");
  const own = cpioArchive([{ kind: "file", path: "opt/farrier/supervise.sh", mode: 0o755, data: Buffer.from(script) }]);
  await writeFile(join(folder, "reference"), Buffer.concat([await readFile(join(image, "initramfs")), own]));
  const disk = join(folder, "reference-disk");
  await writeFile(disk, "");
  await truncate(disk, 1 << 30);
  const child = spawn(
    await qemuFind(),
    [
      ...[
        "-nodefaults",
        "-display",
        "none",
        "-machine",
        "q35,graphics=off",
        "-accel",
        "tcg,thread=multi",
        "-cpu",
        "max",
      ],
      ...["-smp", "2", "-m", `${memory}M`, "-serial", "stdio", "-no-reboot"],
      ...["-kernel", join(image, "vmlinuz"), "-initrd", join(folder, "reference")],
      ...["-append", "console=ttyS0 no_timer_check"],
      ...["-netdev", "user,id=net0,ipv6=off", "-device", "virtio-net-pci,netdev=net0,romfile="],
      ...["-drive", `if=none,id=disk,format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap,file=${disk}`],
      ...["-device", "virtio-blk-pci,drive=disk"],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const match = /REFERENCE (?<begun>[\d.]+) (?<ended>[\d.]+)/u.exec(said);
    if (match !== null) {
      child.kill("SIGKILL");
      return Number(match.groups?.["ended"]) - Number(match.groups?.["begun"]);
    }
  }
  throw new Error(`the reference ended without a figure; its console: ${said.slice(-2000)}`);
}
