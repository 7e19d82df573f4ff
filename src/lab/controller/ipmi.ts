import { type ChildProcess, spawn } from "node:child_process";
import { chmod, chown, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ipmiSimFiles } from "../../controllers/simulated/ipmi-sim-files.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import type { UserIds } from "../../lib/host/passwd.ts";
import { LabError } from "../errors.ts";
import type { ControlledLabMachine } from "../machine.ts";
import { powerGet } from "../power.ts";
import { ipmiPrograms } from "../programs.ts";
import { qemuUser } from "../run-user.ts";
import { controllerPassword } from "./account.ts";
import { chassisProgram, chassisRun } from "./chassis.ts";
import { controllerPortIsFree } from "./port.ts";
import type { ServedController, ServeOptions } from "./served.ts";

/** Milliseconds that ipmi_sim may take to listen. */
const patience = 20_000;

/**
 * Serves OpenIPMI's ipmi_sim in front of a lab machine. It runs as QEMU's user, and the kernel ends it with this process.
 * @throws {LabError} `program_missing`, `controllers_failed`, `no_user`
 */
export async function ipmiServe(machine: ControlledLabMachine, options: ServeOptions): Promise<ServedController> {
  const { directory, clock } = options;
  const { name, controller } = machine;
  const programs = await ipmiPrograms();
  if (!(await controllerPortIsFree("ipmi", controller.port))) {
    throw new LabError("controllers_failed", `another program listens on UDP port ${controller.port}`);
  }
  const user = await qemuUser();
  const folder = join(directory, name, "ipmi");
  await using stack = new AsyncDisposableStack();
  await filesWrite(folder, machine, user, options);
  // Opened once, so that no later file of that name is read in its place.
  const commands = stack.use(await open(join(folder, "commands"), "r"));
  const words = ["-c", "lan.conf", "-f", "machine.emu", "-s", "state", "-n"];
  // Relative paths, because its user need not be able to walk the path to them.
  const child = spawn(programs.setpriv, ["--pdeathsig", "KILL", programs.ipmiSim, ...words], {
    ...user,
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const sim = watched(child);
  stack.defer(async () => {
    child.kill("SIGKILL");
    await sim.ended;
  });
  const deadline = clock.monotonic() + patience;
  while (!(await listens(controller.port))) {
    if (sim.over() !== undefined || clock.monotonic() > deadline) {
      throw new LabError("controllers_failed", `ipmi_sim does not listen: ${sim.over() ?? sim.said()}`);
    }
    await clock.sleep(20);
  }
  const stop = new AbortController();
  const running = chassisRun(name, options, { commands, folder, signal: stop.signal });
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  const release = stack.move();
  return { over: sim.over, [Symbol.asyncDispose]: async () => await release.disposeAsync() };
}

/** The files of ipmi_sim: what others than this user may change is `commands` and what is in `state`. */
async function filesWrite(
  folder: string,
  { name, uuid, smbiosUuid, controller }: ControlledLabMachine,
  user: UserIds | undefined,
  { directory, account }: ServeOptions,
): Promise<void> {
  await makeDirectory(folder);
  await chmod(folder, 0o755);
  const { lan, emulator } = ipmiSimFiles({
    port: controller.port,
    userName: account.userName,
    password: await controllerPassword(directory, name, account),
    smbiosUuid: smbiosUuid ?? uuid,
    chassisCommand: "./chassis 0x20",
  });
  const power = (await powerGet(directory, name)) === "on" ? "1" : "0";
  const files: readonly [name: string, text: string, mode: number][] = [
    ["lan.conf", lan, 0o400],
    ["machine.emu", emulator, 0o644],
    ["chassis", chassisProgram, 0o755],
    ["power", power, 0o644],
    ["commands", "", 0o600],
  ];
  for (const [file, text, mode] of files) {
    const path = join(folder, file);
    await rm(path, { force: true });
    await writeFile(path, text, { mode, flag: "wx" });
    await chmod(path, mode);
  }
  await mkdir(join(folder, "state"), { recursive: true, mode: 0o700 });
  if (user !== undefined) {
    for (const file of ["lan.conf", "commands", "state"]) {
      await chown(join(folder, file), user.uid, user.gid);
    }
  }
}

/** A child's end, and the last that it said. */
function watched(child: ChildProcess) {
  let said = "";
  let how: string | undefined;
  const hear = (data: Buffer): void => void (said = (said + data.toString("latin1")).slice(-1000));
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const words = (): string => (said.trim() === "" ? "it said nothing" : `it said: ${said.trim()}`);
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      how = error.message;
      resolve();
    });
    child.once("close", (code, signal) => {
      how ??= `it ended with ${signal ?? code}; ${words()}`;
      resolve();
    });
  });
  return { ended, over: () => how, said: words };
}

/** Whether a socket has this port, by /proc/net/udp (proc(5)): "sl: ADDRESS:PORT …" in hex. */
async function listens(port: number): Promise<boolean> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} `, "mu").test(await readFile("/proc/net/udp", "utf8"));
}
