import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Clock } from "../../lib/clock.ts";
import { describeError, errorCode } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import { retryDelay } from "../../lib/retry.ts";
import { NetbootError } from "../errors.ts";
import { dnsmasqConfig } from "./config.ts";
import { dhcpCheck, type DhcpOptions, type InterfaceAddress } from "./options.ts";
import { bootPrograms } from "./programs.ts";

/** What to run, and how. */
export interface DnsmasqOptions {
  dhcp: DhcpOptions;
  /** The port of network boot, on the interface's address. */
  httpPort: number;
  /** The folder of iPXE's programs. */
  ipxeFiles: string;
  /** The folder of its configuration and leases; created if missing. */
  directory: string;
  log: Logger;
  clock: Clock;
  /** The program: a path, or a name to search for. */
  program?: string;
}

/** A running dnsmasq, restarted when it ends. Disposing ends it. */
export type Dnsmasq = AsyncDisposable;

/** Milliseconds between restarts. */
const policy = { initial: 500, maximum: 30_000, factor: 2 };
/** Milliseconds after which a start counts as successful. */
const steadyAfter = 60_000;
/** Milliseconds that it may take to end. */
const endPatience = 5_000;

/**
 * Starts dnsmasq for DHCP or ProxyDHCP, and TFTP, and keeps it running.
 * @throws {NetbootError} `options`, `program_missing`, or `dnsmasq` with its own message if it does not start
 */
export async function dnsmasqRun(options: DnsmasqOptions): Promise<Dnsmasq> {
  const { dhcp, directory, log, clock, ipxeFiles } = options;
  const own = dhcpCheck(dhcp, addressOf(dhcp.interface));
  const url = `http://${own.address}:${options.httpPort}`;
  const programs = bootPrograms(url, (file) => existsSync(join(ipxeFiles, file)));
  if (programs.length === 0) {
    log.warn(
      { directory: ipxeFiles },
      "only machines with iPXE in their firmware can boot: apt-get install ipxe brings programs for the others",
    );
  }
  await makeDirectory(directory);
  const files = { config: join(directory, "dnsmasq.conf"), pidFile: join(directory, "dnsmasq.pid") };
  await orphanEnd(files, clock);
  const leaseFile = join(directory, "dnsmasq.leases");
  const settings = { dhcp, own, url, tftpRoot: ipxeFiles, programs, leaseFile, pidFile: files.pidFile };
  await writeFile(files.config, dnsmasqConfig(settings), { mode: 0o600 });
  const program = options.program ?? "dnsmasq";
  await configTry(program, files.config);

  const ended = new AbortController();
  let running = await start(program, files.config, log);
  const supervising = (async () => {
    for (let attempt = 0; ;) {
      const since = clock.monotonic();
      const how = await Promise.race([running.ended, aborted(ended.signal)]);
      if (ended.signal.aborted) {
        return;
      }
      attempt = clock.monotonic() - since > steadyAfter ? 0 : attempt + 1;
      log.error({ how, said: running.said() }, "dnsmasq has ended; starting it again");
      await clock.sleep(retryDelay(policy, attempt), ended.signal).catch(() => undefined);
      if (ended.signal.aborted) {
        return;
      }
      running = await start(program, files.config, log).catch((error: unknown) => ({
        ...running,
        ended: Promise.resolve(describeError(error)),
      }));
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await supervising;
      await childEnd(running.child, running.ended, clock);
    },
  };
}

/** The interface's first IPv4 address. */
function addressOf(name: string): InterfaceAddress | undefined {
  return networkInterfaces()[name]?.find(({ family }) => family === "IPv4");
}

/** Lets dnsmasq check the configuration first, so that its error message is not lost in a start. */
async function configTry(program: string, config: string): Promise<void> {
  try {
    await promisify(execFile)(program, ["--test", `--conf-file=${config}`], {
      timeout: 10_000,
      env: { ...process.env, LC_ALL: "C" },
    });
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      throw new NetbootError(
        "program_missing",
        `${program} is missing, and --dhcp-interface needs it: apt-get install dnsmasq-base`,
        { cause: error },
      );
    }
    const { stderr = "" } = error as { stderr?: string };
    throw new NetbootError("dnsmasq", `dnsmasq does not take its configuration ${config}: ${stderr.trim()}`, {
      cause: error,
    });
  }
}

interface Running {
  child: ChildProcess;
  /** Resolves to how it ended; never rejects. */
  ended: Promise<string>;
  /** Its last lines. */
  said(): string;
}

/** Starts it, and waits until it serves. @throws {NetbootError} `dnsmasq` */
async function start(program: string, config: string, log: Logger): Promise<Running> {
  const child = spawn(program, ["--keep-in-foreground", "--log-facility=-", `--conf-file=${config}`], {
    // A session of its own, so that Ctrl-C at the terminal reaches Farrier only.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    // Its messages are parsed below, and it has translations.
    env: { ...process.env, LC_ALL: "C" },
  });
  const lines: string[] = [];
  const serves = Promise.withResolvers<"serves">();
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    lines.splice(0, Math.max(0, lines.length - 20));
    log.debug({ line }, "dnsmasq");
    if (/ started, version /u.test(line)) {
      serves.resolve("serves");
    }
  });
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`could not be started (${error.message})`));
    child.on("exit", (code, signal) =>
      resolve(signal === null ? `ended with exit status ${code}` : `was ended by ${signal}`),
    );
  });
  const onExit = (): void => void child.kill("SIGTERM");
  process.on("exit", onExit);
  void ended.then(() => process.off("exit", onExit));
  const how = await Promise.race([serves.promise, ended]);
  if (how !== "serves") {
    throw new NetbootError(
      "dnsmasq",
      `dnsmasq ${how}: ${lines.slice(-3).join(" ").trim()}. DHCP needs root (or CAP_NET_ADMIN, CAP_NET_RAW and ` +
        "CAP_NET_BIND_SERVICE), and ports 67 and 69 of the interface to itself",
    );
  }
  return { child, ended, said: () => lines.slice(-3).join("\n") };
}

/** Ends a dnsmasq left behind by a killed farrier, which would hold the ports. */
async function orphanEnd({ config, pidFile }: { config: string; pidFile: string }, clock: Clock): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  const isOurs = async (): Promise<boolean> =>
    pid > 0 &&
    (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0").includes(`--conf-file=${config}`);
  if (!(await isOurs())) {
    return;
  }
  process.kill(pid, "SIGTERM");
  const deadline = clock.monotonic() + endPatience;
  while ((await isOurs()) && clock.monotonic() < deadline) {
    await clock.sleep(20);
  }
}

async function childEnd(child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> {
  const waited = new AbortController();
  child.kill("SIGTERM");
  const late = clock.sleep(endPatience, waited.signal).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  );
  await ended;
  waited.abort();
  await late;
}

function aborted(signal: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    if (signal.aborted) {
      resolve("aborted");
    }
  });
}
