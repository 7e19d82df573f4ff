// An independent IPMI controller: OpenIPMI's ipmi_sim (Debian: openipmi). A file stands for its machine.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeUdpPort } from "../../../test/support/free-port.ts";
import { programMissing } from "../../../test/support/program-missing.ts";
import { ipmiSimFiles } from "../simulated/ipmi-sim-files.ts";
import { waitFor } from "../../../test/support/wait.ts";

/** A running ipmi_sim. */
export interface IpmiSim extends AsyncDisposable {
  /** `ipmi://127.0.0.1:PORT` */
  url: string;
  userName: string;
  password: string;
  /** What was done to the machine, in order: "power 1", "boot pxe", "reset 1" … */
  done(): Promise<string[]>;
  /** Sets the machine's state: `power` is 0 or 1. */
  set(what: "power", value: string): Promise<void>;
}

/** Why ipmi_sim can't run here; undefined = it can. */
export async function ipmiSimMissing(): Promise<string | undefined> {
  return (await programMissing("ipmi_sim", "openipmi")) ?? programMissing("ipmitool", "ipmitool");
}

/** The simulated machine's UUID. */
export const simulatedUuid = "c0ffee00-1234-4abc-8def-001122334455";

/** Starts ipmi_sim on a free port. */
export async function ipmiSim(): Promise<IpmiSim> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-ipmi-sim-"));
  const port = await freeUdpPort();
  const [userName, password] = ["admin", "secret-of-admin"];
  const script = join(directory, "chassis.sh");
  await mkdir(join(directory, "state"));
  await writeFile(join(directory, "power"), "0");
  await writeFile(join(directory, "boot"), "default");
  await writeFile(join(directory, "done"), "");
  // ipmi_sim calls it as: PROGRAM 0x20 get power | set power 1 | set boot pxe | set reset …
  await writeFile(
    script,
    `#!/bin/sh
cd ${directory}
case "$2 $3" in
  "get power") echo "power:$(cat power)" ;;
  "get boot") echo "boot:$(cat boot)" ;;
  "set power") echo "power $4" >> done; printf %s "$4" > power ;;
  "set boot") echo "boot $4" >> done; printf %s "$4" > boot ;;
  "set reset") echo "reset $4" >> done ;;
  "set shutdown") echo "shutdown" >> done; printf 0 > power ;;
  *) echo "$2 $3 $4" >> done ;;
esac
exit 0
`,
  );
  await chmod(script, 0o755);
  const files = ipmiSimFiles({
    ...{ port, userName, password },
    smbiosUuid: simulatedUuid,
    chassisCommand: `${script} 0x20`,
  });
  await writeFile(join(directory, "lan.conf"), files.lan);
  await writeFile(join(directory, "machine.emu"), files.emulator);
  const child = spawn(
    "ipmi_sim",
    ["-c", join(directory, "lan.conf"), "-f", join(directory, "machine.emu"), "-s", join(directory, "state"), "-n"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await waitFor(`ipmi_sim to take UDP port ${port} (it says: ${said})`, async () => {
    const udp = await readFile("/proc/net/udp", "utf8");
    return udp.includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `);
  });
  return {
    url: `ipmi://127.0.0.1:${port}`,
    userName,
    password,
    done: async () => (await readFile(join(directory, "done"), "utf8")).split("\n").filter((line) => line !== ""),
    set: (what, value) => writeFile(join(directory, what), value),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
