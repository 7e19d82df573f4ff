import { spawn } from "node:child_process";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControllerError } from "../controller.ts";
import { withoutSecretForms } from "../../lib/secret-forms.ts";
import { temporaryName } from "../../lib/host/temporary-name.ts";
import { ipmiFailure } from "./failure.ts";

/** The address and the account of one ipmitool call. */
export interface IpmiTarget {
  /** The IP address that the name was resolved to. The credential may be sent there. */
  ip: string;
  port: number;
  userName: string;
  password: string;
  /** Secrets that must not be in an error, such as passwords that the account had before. */
  secrets: readonly string[];
}

/**
 * RMCP+ cipher suites, the best first. Suite 17 uses SHA-256, which controllers have had since about 2015; suite 3 uses
 * SHA-1.
 */
export const cipherSuites = [17, 3] as const;
export type CipherSuite = (typeof cipherSuites)[number];

/** Maximum length of ipmitool's output in bytes. */
const answerLimit = 1024 * 1024;
/** Milliseconds for one call. A controller that restarts does not answer for a while, and ipmitool itself retries. */
const callLimit = 30_000;

/**
 * Runs ipmitool with the arguments `words` and resolves to its standard output. The password is passed in the
 * environment, which other users can't read.
 * @param input its standard input; absent = empty
 * @throws {ControllerError} as {@link ipmiFailure} says; `unreachable` if ipmitool is not installed
 */
export async function ipmitool(
  target: IpmiTarget,
  suite: CipherSuite,
  words: readonly string[],
  signal: AbortSignal,
  input?: string,
): Promise<string> {
  const args = [
    ...["-I", "lanplus", "-H", target.ip, "-p", String(target.port), "-U", target.userName, "-E"],
    ...["-C", String(suite), "-N", "1", "-R", "3", ...words],
  ];
  await using file = input === undefined ? undefined : await inputFile(input);
  const child = spawn("ipmitool", args, {
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      LC_ALL: "C",
      HOME: "/nonexistent",
      IPMI_PASSWORD: target.password,
    },
    stdio: [file === undefined ? "ignore" : file.fd, "pipe", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(callLimit)]),
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      if (output[name].length > answerLimit) {
        child.kill("SIGKILL");
      }
    });
  }
  const ended = await new Promise<number | NodeJS.Signals | Error>((resolve) => {
    child.once("error", resolve);
    child.once("close", (code, by) => resolve(code ?? by ?? 1));
  });
  signal.throwIfAborted();
  if (ended === 0) {
    return output.stdout;
  }
  if (ended instanceof Error && "code" in ended && ended.code === "ENOENT") {
    throw new ControllerError(
      "unreachable",
      "the program ipmitool is not on the shepherd's host: install it (Debian: `apt-get install ipmitool`)",
      { cause: ended },
    );
  }
  const clean = (text: string): string => withoutSecretForms(text, [target.password, ...target.secrets]);
  throw ipmiFailure(
    {
      stdout: clean(output.stdout),
      stderr: clean(output.stderr),
      tooLong: Math.max(output.stdout.length, output.stderr.length) > answerLimit,
      timedOut: ended instanceof Error,
    },
    target,
  );
}

/**
 * A file with the program's input that has no name any more, so that a crash leaves none of it behind. ipmitool opens
 * `/dev/stdin` anew, which works for a file, and not for the sockets that Node makes.
 */
async function inputFile(input: string): Promise<FileHandle> {
  const path = temporaryName(join(tmpdir(), "farrier-ipmi"));
  const file = await open(path, "wx+", 0o600);
  try {
    await rm(path);
    await file.writeFile(input);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
