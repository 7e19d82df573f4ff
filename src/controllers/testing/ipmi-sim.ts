// An independent IPMI controller: OpenIPMI's ipmi_sim (Debian: openipmi). A file stands for its machine.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programMissing } from "../../../test/support/program-missing.ts";
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

/** {@link simulatedUuid} as SMBIOS stores it: the first three fields with their last byte first. */
const guid = "00eeffc03412bc4a8def001122334455";
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
  await writeFile(
    join(directory, "lan.conf"),
    `name "farrier"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid ${guid}
  endlan
  chassis_control "${script} 0x20"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "${userName}" "${password}" admin 10 none md2 md5 straight
`,
  );
  await writeFile(
    join(directory, "machine.emu"),
    "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nsel_enable 0x20 1000 0x0a\nmc_enable 0x20\n",
  );
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

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(() => resolve());
  });
  return port;
}
