import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../lib/errors.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";
import type { SshChoice } from "./choice.ts";

/** How OpenSSH's client is called. All values are checked already. */
export interface SshCall extends SshChoice {
  user: string | undefined;
  port: number | undefined;
  command: readonly string[];
}

const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs OpenSSH's client on this process's own terminal, with a file of known hosts that is there for as long as the client
 * runs, also where a signal ends it.
 * @returns its exit status, as a shell has it
 * @throws {CliError} `failed`
 */
export async function sshClientRun(call: SshCall): Promise<number> {
  let folder: string | undefined;
  let told: NodeJS.Signals | undefined;
  let tell = (_signal: NodeJS.Signals): void => undefined;
  const listener = (signal: NodeJS.Signals): void => {
    told = signal;
    tell(signal);
  };
  passedOn.forEach((signal) => process.on(signal, listener));
  try {
    folder = await mkdtemp(join(plainPlace(tmpdir()), "farrier-known-hosts-"));
    const file = join(folder, "known_hosts");
    await writeFile(file, knownHosts(call), { mode: 0o600, flag: "wx" });
    const child = spawn("ssh", sshClientArguments(call, file), { stdio: "inherit" });
    tell = (signal) => void child.kill(signal);
    if (told !== undefined) {
      tell(told);
    }
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } catch (error) {
    throw new CliError(
      "failed",
      errorCode(error) === "ENOENT" && folder !== undefined
        ? "there is no program ssh here: install OpenSSH's client (Debian: `apt-get install openssh-client`)"
        : `ssh can't be run ${systemWords(error)}`,
      { cause: error },
    );
  } finally {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
    passedOn.forEach((signal) => process.off(signal, listener));
  }
}

/** The arguments of OpenSSH's client. Options here come before those of the user's configuration. Pure. */
export function sshClientArguments({ alias, address, user, port, command }: SshCall, file: string): string[] {
  const options = {
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: file,
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlias: alias,
    UpdateHostKeys: "no",
    // Other ways by which a user's configuration could have a host key trusted, or no host key asked for.
    KnownHostsCommand: "none",
    VerifyHostKeyDNS: "no",
    NoHostAuthenticationForLocalhost: "no",
    ControlMaster: "no",
    ControlPath: "none",
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...["--", address, ...command],
  ];
}

/** The file that has the host's keys under the machine's id. Pure. */
export function knownHosts({ alias, hostKeys }: SshChoice): string {
  return hostKeys.map((key) => `${alias} ${key}\n`).join("");
}

/** The folder for the file, without anything that ssh would take for a second file, a quote or a variable. */
function plainPlace(folder: string): string {
  return /^\/[\w@+=:,./-]*$/u.test(folder) ? folder : "/tmp";
}
