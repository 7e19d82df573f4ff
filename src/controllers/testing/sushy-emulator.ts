import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestContext } from "vitest";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../lib/tls/issue.ts";
import { peerProgram } from "./bmc-peers.ts";

/** A running emulator of sushy-tools. Its fake driver has one machine, which is only a state. */
export interface SushyEmulator extends AsyncDisposable {
  url: string;
  /** SHA-256 of its certificate. */
  sha256: string;
  /** The CA in PEM. */
  ca: string;
  userName: string;
  password: string;
  macs: readonly string[];
  uuid: string;
}

const userName = "admin";
const password = "emulated-secret";
const macs = ["52:54:00:12:34:01", "52:54:00:12:34:02"];
const uuid = "27946b59-9e44-4fa7-8e91-f3527a1ef094";

/**
 * The emulator's configuration is a Python program. It makes states change one second after a command, instead of up to
 * eleven.
 */
const configuration = `
import random
random.randint = lambda low, high: 1
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_FAKE_SYSTEMS = [{
    "uuid": "${uuid}", "name": "fake", "power_state": "Off", "external_notifier": False,
    "nics": [${macs.map((mac) => `{"mac": "${mac}", "ip": "192.0.2.1"}`).join(", ")}],
}]
`;

/** A driver that replaces the emulator's own fake machine, in a configuration file. */
export interface SushyDriver {
  /** The text of a configuration file. */
  configuration: string;
  env: Readonly<Record<string, string>>;
}

/**
 * Starts the emulator on a free loopback port, with TLS and a user name and password. Skips the test if it is not
 * installed.
 */
export async function sushyEmulator(context: TestContext, driver?: SushyDriver): Promise<SushyEmulator> {
  const program = peerProgram("sushy-emulator", context);
  const directory = await mkdtemp(join(tmpdir(), "farrier-sushy-"));
  const authority = keyMake();
  const key = keyMake();
  const certificate = serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], authority);
  const hash = `import bcrypt; print(bcrypt.hashpw(b"${password}", bcrypt.gensalt(4)).decode())`;
  const { stdout } = await promisify(execFile)(peerProgram("python3", context), ["-c", hash]);
  const at = (name: string): string => join(directory, name);
  await writeFile(at("users"), `${userName}:${stdout}`);
  await writeFile(at("key.pem"), keyPem(key));
  await writeFile(at("cert.pem"), certificate.toString());
  const settings = `SUSHY_EMULATOR_AUTH_FILE = "${at("users")}"\nSUSHY_EMULATOR_STATE_DIR = "${directory}"\n`;
  await writeFile(at("emulator.py"), `${driver?.configuration ?? configuration}\n${settings}`);
  const where = ["--interface", "127.0.0.1", "--port", String(await freePort())];
  const tls = ["--ssl-certificate", at("cert.pem"), "--ssl-key", at("key.pem")];
  const child = spawn(program, ["--config", at("emulator.py"), ...where, ...tls], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...driver?.env },
  });
  const url = await urlOf(child);
  return {
    url,
    sha256: certificate.fingerprint256,
    ca: authorityIssue(authority).toString(),
    userName,
    password,
    macs,
    uuid,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A free port: the emulator does not accept port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Reads the URL from the emulator's output. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const read = (data: Buffer): void => {
      text += data.toString();
      const found = /Running on (?<url>https:\/\/127\.0\.0\.1:\d+)/u.exec(text)?.groups?.["url"];
      if (found !== undefined) {
        resolve(found);
      }
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`sushy-emulator ended with ${code}: ${text}`)));
  });
}
