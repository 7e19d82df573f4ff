import { bootPatience, qemuLab, type QemuLab, qemuLabMissing, type QemuMachine } from "../test/support/qemu-lab.ts";
import { installAndRun, tinyServed } from "../test/support/qemu-lab-story.ts";
import { waitFor } from "../test/support/wait.ts";
import { labMemory, referencePowerOn, referenceWrite } from "./support/lab-reference.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

/** Number of timed installations; the median counts, for the reference too. */
const rounds = scaled(3, 1);

/**
 * P10: from the request to the installed system's first line, as a ratio to the minimal work: the same image fetched,
 * unpacked and written by the simplest programs in the same kind of machine, and one reboot through firmware, boot
 * loader and kernel. P11: from power-on to the first heartbeat, as a ratio to the same firmware, kernel and initramfs
 * with an /init that prints a line.
 */
export async function benchLab({ json }: { json: boolean }): Promise<void> {
  const missing = await qemuLabMissing();
  if (missing !== undefined) {
    process.stderr.write(`the lab is not measured: ${missing}\n`);
    return;
  }
  await using lab = await qemuLab();
  const shape = ["--memory", String(labMemory), "--disk-size", "1Gi"];
  const [toAgent, toLine]: [number[], number[]] = [[], []];
  const powerOn = async (name: string): Promise<QemuMachine> => {
    const made = await lab.machine(name, ...shape);
    await made.happened("agent_enrolled", 1);
    await made.happened("hardware_reported", 1);
    toAgent.push(await secondsBetween(made, "boot_window_opened", "hardware_reported"));
    return made;
  };
  for (let round = 2; round <= rounds; round += 1) {
    const other = await powerOn(`other-${round}`);
    await other.power("off");
    toLine.push(await referencePowerOn(lab));
  }
  const machine = await powerOn("bench");
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
    written.push(await referenceWrite(lab, image.url));
  }
  await machine.power("off");
  toLine.push(await referencePowerOn(lab));
  const all = (which: keyof (typeof runs)[number]): number[] => runs.map((run) => run[which]);
  const [ours, write, boot] = [median(all("installed")), median(written), median(all("rebooted"))];
  report(
    {
      id: "P10",
      value: ours / (write + boot),
      target: 1.15,
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
      better: "lower",
      unit: " s",
      details: { firmware: "UEFI" },
    },
    json,
  );
  report(
    {
      id: "P11",
      value: median(toAgent) / median(toLine),
      target: 1.3,
      better: "lower",
      details: {
        "power-on to the first heartbeat, s": median(toAgent),
        "of all machines, s": rounded(toAgent),
        "to the line that /init prints, s": rounded(toLine),
        firmware: "UEFI",
      },
    },
    json,
  );
}

function rounded(seconds: readonly number[]): number[] {
  return seconds.map((one) => Number(one.toFixed(2)));
}

/** Seconds from now until a new text on its console. */
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

/** Brings the agent back to its initial waiting state: the installation is removed, so that an agent is wanted. */
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
