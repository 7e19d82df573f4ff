import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { LabControllerSummary, LabMachineSummary } from "./options.ts";
import type { LabStarter } from "../cli/starters.ts";
import { consoleShow } from "../lab/console.ts";
import { controllersDirectory, labAccount } from "../lab/controller/account.ts";
import { controllersSettle, controllersStart } from "../lab/controller/background.ts";
import { controllersAsk } from "../lab/controller/control.ts";
import { controllerPortFind } from "../lab/controller/port.ts";
import { controlledMachines, labControllerUrl } from "../lab/controller/url.ts";
import { labMachineCreate, labMachineList, labMachineRead } from "../lab/directory.ts";
import { LabError } from "../lab/errors.ts";
import { labMachineMake } from "../lab/machine.ts";
import { mediumEject, mediumInsert } from "../lab/medium.ts";
import { netbootUrlRead } from "../lab/netboot-url.ts";
import { labMachineRemove, type LabPlace, powerGet, powerSet } from "../lab/power.ts";
import { ipmiPrograms, labPrograms } from "../lab/programs.ts";
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
export async function up({
  dataDir,
  names,
  shape,
  controller: protocol,
}: Parameters<LabStarter["up"]>[0]): Promise<string[]> {
  const directory = labDirectory(dataDir);
  await labPrograms(shape.firmware);
  await (protocol === "ipmi" ? ipmiPrograms() : undefined);
  const user = await qemuUser((name) => {
    process.stderr.write(`farrier: made the system user ${name}, which lab machines run as, and nothing else\n`);
  });
  const machines = await labMachineList(directory);
  const there = new Map(machines.map((machine) => [machine.name, machine]));
  for (const name of names) {
    const found = there.get(name);
    if (protocol !== undefined && found !== undefined && found.controller?.protocol !== protocol) {
      const has = found.controller === undefined ? "no controller" : `a controller for ${found.controller.protocol}`;
      throw new LabError(
        "exists",
        `the lab machine ${name} is there already, with ${has}: \`farrier lab down ${name}\` deletes it, or choose another --name-prefix`,
      );
    }
  }
  const ports = new Set(controlledMachines(machines).map(({ controller }) => controller.port));
  for (const name of names.filter((wanted) => !there.has(wanted))) {
    const port = protocol === undefined ? undefined : await controllerPortFind(protocol, ports);
    const controller = protocol === undefined || port === undefined ? undefined : { protocol, port };
    if (port !== undefined) {
      ports.add(port);
    }
    await labMachineCreate(directory, labMachineMake(name, shape, controller), user);
  }
  if (ports.size > 0) {
    const { execPath, argv } = process;
    const command = [execPath, argv[1] ?? "", "lab", "controllers", "--data-dir", resolve(dataDir)] as const;
    await controllersStart(directory, { command, clock: systemClock });
  }
  return [...names];
}

/** The controllers of these machines, and what opens them. */
export async function controllerSummaries({
  dataDir,
  names,
}: Parameters<LabStarter["controllers"]>[0]): Promise<LabControllerSummary[]> {
  const directory = resolve(labDirectory(dataDir));
  const machines = controlledMachines(await labMachineList(directory)).filter(({ name }) => names.includes(name));
  const account = await labAccount(directory);
  return machines.map((machine) => ({
    name: machine.name,
    protocol: machine.controller.protocol,
    url: labControllerUrl(machine),
    ...(machine.controller.protocol === "redfish" ? { sha256: account.sha256 } : {}),
    userName: account.userName,
    passwordFile: account.passwordFile,
    passwordMadeAt: account.madeAt,
  }));
}

/** Switches machines off and deletes them, with their controllers. */
export async function down({
  dataDir,
  names,
}: {
  dataDir: string;
  names: readonly string[];
}): Promise<LabMachineSummary[]> {
  const place = await placeOf(dataDir);
  const { directory } = place;
  const machines = await list({ dataDir });
  // All named machines must exist before one is touched.
  await Promise.all(names.map((name) => labMachineRead(directory, name)));
  const chosen = machines.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const { name } of chosen) {
    await labMachineRemove(place, name);
  }
  const last = controlledMachines(await labMachineList(directory)).length === 0;
  await controllersSettle(directory, { last, clock: systemClock });
  if (last) {
    await rm(controllersDirectory(directory), { recursive: true, force: true });
  }
  return chosen;
}

/** All machines, and whether they run. */
export async function list({ dataDir }: { dataDir: string }): Promise<LabMachineSummary[]> {
  const directory = labDirectory(dataDir);
  const machines = await labMachineList(directory);
  const served = controlledMachines(machines).length > 0 && (await controllersAsk(directory)) !== undefined;
  return Promise.all(
    machines.map(async (machine) => ({
      name: machine.name,
      uuid: machine.uuid,
      power: await powerGet(directory, machine.name),
      firmware: machine.firmware,
      disks: machine.disks.map(({ kind, bytes }) => ({ kind, bytes })),
      macs: machine.nics.map(({ mac }) => mac),
      ...controlledMachines([machine]).map((one) => ({ controller: labControllerUrl(one), served }))[0],
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

/** Inserts a medium, or empties the drive if no file is given. */
export async function medium({ dataDir, name, file }: Parameters<LabStarter["medium"]>[0]): Promise<void> {
  const place = { directory: labDirectory(dataDir), clock: systemClock };
  await (file === undefined ? mediumEject(place, name) : mediumInsert(place, name, file));
}

/** The console's log. */
export async function showConsole({ dataDir, name, ...options }: Parameters<LabStarter["console"]>[0]): Promise<void> {
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  await consoleShow(labDirectory(dataDir), name, { ...options, clock: systemClock, signal: stop.signal });
}
