import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { prng } from "../../src/lib/prng.ts";
import { untilStopped } from "../../src/main/parts/until-stopped.ts";
import { qemuLab, qemuLabMissing } from "../support/qemu-lab.ts";
import { killPhases, killRound, momentOf, momentText, victims } from "../support/qemu-lab-kill.ts";
import type { Check } from "./fleet-check.ts";

/** Rejects when this process is told to end: then a QEMU, which outlives who started it, is taken away all the same. */
async function interrupted(): Promise<never> {
  throw new Error(`told to end by ${await untilStopped()}`);
}

/**
 * A lab machine installed over and over, and each time somebody is killed: first the power in each phase, then at random.
 * Before it, the demonstration with Debian.
 * @throws when it is told to end, with nothing left running
 */
export async function soakLab(options: { rounds: number; seed: string; debian: boolean }): Promise<Check[]> {
  const missing = await qemuLabMissing();
  if (missing !== undefined) {
    return [{ what: "a lab", against: [missing] }];
  }
  const checks: Check[] = [];
  function noted(check: Check): void {
    checks.push(check);
    process.stdout.write(`${check.against.length === 0 ? "held" : "BROKEN"}: ${check.what}\n`);
    check.against.forEach((line) => process.stdout.write(`  ${line}\n`));
  }

  if (options.debian) {
    const demo = fileURLToPath(new URL("../../tools/demo.ts", import.meta.url));
    const child = spawn(process.execPath, [demo, "lab"], { stdio: "inherit" });
    const [code] = (await once(child, "close")) as [number | null];
    noted({ what: "npm run demo -- lab, with Debian", against: code === 0 ? [] : [`it ended with ${code}`] });
  }
  const random = prng(options.seed);
  const stop = interrupted();
  // It may come where nobody waits for it yet.
  stop.catch(() => undefined);
  await using lab = await qemuLab();
  const machine = await lab.machine("soak", "--memory", "1024", "--disk-size", "1Gi");
  await Promise.race([machine.happened("agent_enrolled", 1), stop]);
  const attempts = [
    ...killPhases.map((phase) => ({ victim: "machine" as const, moment: { phase } })),
    ...Array.from({ length: options.rounds }, () => ({ victim: random.pick(victims), moment: momentOf(random) })),
  ];
  for (const [index, { victim, moment }] of attempts.entries()) {
    const word = `round-${index + 1}`;
    const round = killRound(lab, machine, { victim, moment, word }).catch((error: unknown) => [String(error)]);
    const against = await Promise.race([round, stop]);
    noted({ what: `${word}: the ${victim} killed ${momentText(moment)}`, against });
  }
  return checks;
}
