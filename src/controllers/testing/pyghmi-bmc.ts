import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "vitest";
import { freeUdpPort } from "../../../test/support/free-port.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { peerProgram } from "./bmc-peers.ts";

/** pyghmi's simulated controller, with a machine that is only a state. */
export interface PyghmiBmc extends AsyncDisposable {
  /** `ipmi://127.0.0.1:PORT` */
  url: string;
  userName: string;
  password: string;
}

/** pyghmi's own example, on the loopback only, and with the power cycle, which the example leaves out. */
const program = `
import sys
import pyghmi.cmd.fakebmc as fakebmc
import pyghmi.ipmi.bmc as bmc

class LoopbackBmc(fakebmc.FakeBmc):
    def __init__(self, authdata, port):
        bmc.Bmc.__init__(self, authdata, port, address="::ffff:127.0.0.1")
        self.powerstate = "off"
        self.bootdevice = "default"

    def power_cycle(self):
        self.powerstate = "on"

mine = LoopbackBmc({"admin": "password"}, int(sys.argv[1]))
print("listening", flush=True)
mine.listen()
`;

/** Starts it on a free port. Skips the test if it is not installed. */
export async function pyghmiBmc(context: TestContext): Promise<PyghmiBmc> {
  const python = peerProgram("python3", context);
  // A program of pyghmi's: a virtual environment that was made before pyghmi was on the list lacks it.
  peerProgram("fakebmc", context);
  const port = await freeUdpPort();
  const child = spawn(python, ["-c", program, String(port)], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  await waitFor("pyghmi to listen, or to end", () => said.includes("listening") || child.exitCode !== null);
  if (child.exitCode !== null) {
    throw new Error(`pyghmi's controller ended with ${child.exitCode}: ${said}`);
  }
  return {
    url: `ipmi://127.0.0.1:${port}`,
    userName: "admin",
    password: "password",
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
