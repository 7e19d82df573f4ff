import { spawn } from "node:child_process";
import { ControllerError } from "../controller.ts";
import { ipmiFailure } from "./failure.ts";

/** Where ipmitool connects to, and as whom. */
export interface IpmiTarget {
  /** An IP address: the name was resolved, and the credential may be sent there. */
  ip: string;
  port: number;
  userName: string;
  password: string;
}

/** RMCP+ cipher suites, the best first: 17 is SHA-256, which controllers have had since about 2015; 3 is SHA-1. */
export const cipherSuites = [17, 3] as const;
export type CipherSuite = (typeof cipherSuites)[number];

/** Bytes of ipmitool's answer that are read. */
const answerLimit = 1024 * 1024;
/** Milliseconds of one call: a controller that restarts does not answer for a while, and ipmitool tries again by itself. */
const callLimit = 30_000;

/**
 * Runs ipmitool with these words; its standard output. The password goes by its environment, which other users can't read.
 * @throws {ControllerError} as {@link ipmiFailure} says; `unsupported` where ipmitool is not there
 */
export async function ipmitool(
  target: IpmiTarget,
  suite: CipherSuite,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const args = [
    ...["-I", "lanplus", "-H", target.ip, "-p", String(target.port), "-U", target.userName, "-E"],
    ...["-C", String(suite), "-N", "1", "-R", "3", ...words],
  ];
  const child = spawn("ipmitool", args, {
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      LC_ALL: "C",
      HOME: "/nonexistent",
      IPMI_PASSWORD: target.password,
    },
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(callLimit)]),
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
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
      "unsupported",
      "the program ipmitool is not on the shepherd's host: install it (Debian: `apt-get install ipmitool`)",
      { cause: ended },
    );
  }
  throw ipmiFailure(
    { ...output, tooLong: output.stdout.length > answerLimit, timedOut: ended instanceof Error },
    target,
  );
}
