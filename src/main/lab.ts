import type { LabShape } from "./options.ts";
import type { LabMachineSummary } from "./options.ts";
import type { LabStarter } from "../cli/starters.ts";
import { consoleShow } from "../lab/console.ts";
import { labMachineCreate, labMachineList, labMachineRead } from "../lab/directory.ts";
import { LabError } from "../lab/errors.ts";
import { labMachineMake } from "../lab/machine.ts";
import { netbootUrlRead } from "../lab/netboot-url.ts";
import { labMachineRemove, type LabPlace, powerGet, powerSet } from "../lab/power.ts";
import { labPrograms } from "../lab/programs.ts";
import { qemuUser } from "../lab/run-user.ts";
import { systemClock } from "../lib/clock.ts";
import { labDirectory } from "./providers.ts";
import { untilStopped } from "./parts/until-stopped.ts";

async function placeOf(dataDir: string): Promise<LabPlace> {
  const directory = labDirectory(dataDir);
  const note = (text: string): void => void process.stderr.write(`farrier: ${text}\n`);
  return { directory, netbootUrl: await netbootUrlRead(directory), clock: systemClock, note };
}

/** Makes the missing machines. Their requirements on this host are checked first. */
export async function up(options: { dataDir: string; names: readonly string[]; shape: LabShape }): Promise<string[]> {
  const directory = labDirectory(options.dataDir);
  await labPrograms(options.shape.firmware);
  const user = await qemuUser((name) => {
    process.stderr.write(`farrier: made the system user ${name}, which lab machines run as, and nothing else\n`);
  });
  const there = new Set((await labMachineList(directory)).map(({ name }) => name));
  for (const name of options.names.filter((wanted) => !there.has(wanted))) {
    await labMachineCreate(directory, labMachineMake(name, options.shape), user);
  }
  return [...options.names];
}

/** Switches machines off and deletes them. */
export async function down({
  dataDir,
  names,
}: {
  dataDir: string;
  names: readonly string[];
}): Promise<LabMachineSummary[]> {
  const place = await placeOf(dataDir);
  const machines = await list({ dataDir });
  // All named machines must exist before one is touched.
  await Promise.all(names.map((name) => labMachineRead(place.directory, name)));
  const chosen = machines.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const { name } of chosen) {
    await labMachineRemove(place, name);
  }
  return chosen;
}

/** All machines, and whether they run. */
export async function list({ dataDir }: { dataDir: string }): Promise<LabMachineSummary[]> {
  const directory = labDirectory(dataDir);
  return Promise.all(
    (await labMachineList(directory)).map(async (machine) => ({
      name: machine.name,
      uuid: machine.uuid,
      power: await powerGet(directory, machine.name),
      firmware: machine.firmware,
      disks: machine.disks.map(({ kind, bytes }) => ({ kind, bytes })),
      macs: machine.nics.map(({ mac }) => mac),
    })),
  );
}

/** The power switch. */
export async function power(options: Parameters<LabStarter["power"]>[0]): Promise<void> {
  const stop = new AbortController();
  void untilStopped().then((signal) => stop.abort(new LabError("interrupted", `told to stop by ${signal}`)));
  const place = { ...(await placeOf(options.dataDir)), signal: stop.signal };
  await powerSet(place, options.name, options.action, options.boot);
}

/** The console's log. */
export async function showConsole({ dataDir, name, ...options }: Parameters<LabStarter["console"]>[0]): Promise<void> {
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  await consoleShow(labDirectory(dataDir), name, { ...options, clock: systemClock, signal: stop.signal });
}
