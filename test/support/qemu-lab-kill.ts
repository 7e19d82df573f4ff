import type { Prng } from "../../src/lib/prng.ts";
import { type HistoryEntry, InstallationState } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { bootPatience, type QemuLab, type QemuMachine } from "./qemu-lab.ts";
import { settled, tinyServed } from "./qemu-lab-story.ts";
import { waitFor } from "./wait.ts";

/** Who is killed: the control plane, the agent (its machine is reset), or the machine (its QEMU is, as by a power cut). */
export const victims = ["server", "agent", "machine"] as const;
export type Victim = (typeof victims)[number];

/** The phases of an installation, in which it is killed. */
export const killPhases = ["selecting-disk", "writing", "verifying", "configuring", "boot-entry", "rebooting"] as const;

/** When: once so much of the image was fetched, or once a phase is heard of. */
export type Moment = { share: number } | { phase: (typeof killPhases)[number] };

/** A random moment; half of them in the midst of the image. */
export function momentOf(random: Prng): Moment {
  return random.chance(0.5) ? { share: random.next() } : { phase: random.pick(killPhases) };
}

/** Says when, for people. */
export function momentText(moment: Moment): string {
  return "share" in moment ? `with ${Math.round(moment.share * 100)} % of the image` : `in ${moment.phase}`;
}

/**
 * Asks for an installation, kills in it, and waits until the machine runs what was asked for, with nobody's help but that
 * a machine that is installed and off is switched on. @returns what was wrong, a line each
 */
export async function killRound(
  lab: QemuLab,
  machine: QemuMachine,
  { victim, moment, word }: { victim: Victim; moment: Moment; word: string },
): Promise<string[]> {
  const { image, served } = await tinyServed(lab, "uefi");
  const after = (await machine.console()).length;
  const before = (await machine.show()).lastGeneration;
  if ("share" in moment) {
    served.limit = Math.floor(served.bytes.length * moment.share);
  }
  // A waiting command may lose the control plane: what counts is checked below.
  const asking = await machine.installStart(image, word);
  const generation = await waitFor(
    "the request",
    async () => {
      const { lastGeneration } = await machine.show();
      return lastGeneration > before ? lastGeneration : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 50 },
  );
  await waitFor(
    `the moment, ${momentText(moment)}`,
    async () =>
      "share" in moment
        ? served.sent >= served.limit
        : (await machine.history()).some((entry) => entry.generation === generation && isOf(entry, moment.phase)),
    { timeoutMs: 60_000 * bootPatience, intervalMs: 20 },
  );
  await kill(lab, machine, victim);
  served.limit = Number.POSITIVE_INFINITY;

  const explained = await machine.explain();
  const result = await settled(machine);
  if ((await machine.show()).provided?.status === "off" || victim === "machine") {
    // Killed when all was done: nobody gives power to a machine that nothing is asked of.
    await machine.power("on");
  }
  await machine.says(`# ${word}`, { after });
  await asking.end("SIGTERM");
  const succeeded = (await machine.history()).filter(
    (entry) => entry.event === "installation_succeeded" && entry.generation === generation,
  ).length;
  return [
    ...(result === InstallationState.SUCCEEDED ? [] : [`generation ${generation} ended in state ${result}`]),
    ...(succeeded === 1 ? [] : [`generation ${generation} succeeded ${succeeded} times`]),
    ...(/ is in state [a-z-]+ for /u.test(explained) ? [] : [`explain names no state: ${explained}`]),
  ];
}

/** That a machine reboots is recorded nowhere: it does so at once after its success. */
function isOf({ event, detailJson }: HistoryEntry, phase: (typeof killPhases)[number]): boolean {
  return phase === "rebooting" ? event === "installation_succeeded" : detailJson.includes(`"${phase}"`);
}

async function kill(lab: QemuLab, machine: QemuMachine, victim: Victim): Promise<void> {
  switch (victim) {
    case "server":
      await lab.up.end("SIGKILL");
      return lab.start();
    case "agent":
      await machine.power("reset");
      break;
    case "machine":
      await machine.power("off");
      break;
  }
  // Nobody will hear of that agent again: its silence need not be waited for.
  await lab.rows(
    `UPDATE machine_agent_heartbeat
     SET agent_heartbeat_at = now() - interval '46 seconds', heartbeat_bucket = heartbeat_bucket - 1`,
  );
}
