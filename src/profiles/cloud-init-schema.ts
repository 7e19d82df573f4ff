import { execFile } from "node:child_process";
import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { errorCode } from "../lib/errors.ts";
import { printable } from "../lib/format/printable.ts";

/** Says what cloud-init would object to in user data: sentences for people, none if nothing. Never rejects. */
export type UserDataSchema = (userData: Uint8Array) => Promise<string[]>;

/** Milliseconds for one check: starting cloud-init takes one or two seconds. */
const timeLimit = 20_000;
/** Bytes of its memory, and seconds of processor time. */
const limits = { memory: 512 << 20, processorSeconds: 15 };
const outputMost = 64 << 10;
/** Characters of what it says that are shown. */
const shownMost = 600;
/** Checks that wait for their turn, besides the running check. */
const waitingMost = 8;

/**
 * Checks user data by `cloud-init schema`, where that program is at hand: in a process of its own with limits, one at a
 * time. Only #cloud-config has a schema. What it says is a warning, because the image may have another version.
 */
export function cloudInitSchema(options: { path?: string; time?: number } = {}): UserDataSchema {
  const { path = `${process.env["PATH"] ?? ""}${delimiter}/usr/bin`, time = timeLimit } = options;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  return async (userData) => {
    if (
      !/^#cloud-config\s*$/mu.test(Buffer.from(userData.subarray(0, 200)).toString("latin1").split("\n", 1)[0] ?? "")
    ) {
      return [];
    }
    if (waiting > waitingMost) {
      return [notChecked("too many checks wait for their turn")];
    }
    waiting += 1;
    const answer = turn.then(() => check(userData, path, time)).finally(() => (waiting -= 1));
    turn = answer;
    return answer;
  };
}

function notChecked(why: string): string {
  return `user_data is YAML, and was not checked against cloud-init's schema: ${why}`;
}

async function check(userData: Uint8Array, path: string, time: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-user-data-")).catch(() => undefined);
  if (folder === undefined) {
    return [notChecked("no file can be made on the server")];
  }
  try {
    const file = join(folder, "user-data");
    await writeFile(file, userData, { mode: 0o600 });
    return await objections(file, await commandLine(path), { path, time });
  } catch {
    return [notChecked("no file can be made on the server")];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By prlimit(1) where it is at hand. */
async function commandLine(path: string): Promise<string[]> {
  const cloudInit = await found("cloud-init", path);
  const prlimit = await found("prlimit", path);
  if (cloudInit === undefined) {
    return [];
  }
  return prlimit === undefined
    ? [cloudInit]
    : [
        prlimit,
        `--data=${limits.memory}`,
        `--cpu=${limits.processorSeconds}`,
        "--fsize=1000000",
        "--core=0",
        "--",
        cloudInit,
      ];
}

async function found(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((each) => each.startsWith("/"))) {
    const file = join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    ) {
      return file;
    }
  }
  return undefined;
}

function objections(
  file: string,
  [program, ...args]: string[],
  { path, time }: { path: string; time: number },
): Promise<string[]> {
  if (program === undefined) {
    return Promise.resolve([
      notChecked("there is no cloud-init on the server (Debian: `apt-get install cloud-init`; it need not run)"),
    ]);
  }
  return new Promise((resolve) => {
    execFile(
      program,
      [...args, "schema", "--config-file", file],
      {
        timeout: time,
        killSignal: "SIGKILL",
        maxBuffer: outputMost,
        env: { PATH: path, LC_ALL: "C.UTF-8", HOME: "/nonexistent" },
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve([]);
          return;
        }
        const said = `${stderr}\n${stdout}`.replaceAll(file, "user_data");
        // It ends with 1 for what it objects to, and names the file's faults.
        const isObjection = error.code === 1 && /schema errors|Invalid|Error: Cloud config/u.test(said);
        resolve([
          isObjection
            ? `cloud-init's schema on the server objects to user_data: ${shown(said)}`
            : notChecked(
                errorCode(error) === undefined && error.killed === true
                  ? "cloud-init took too long"
                  : `cloud-init ended with ${error.code ?? error.signal ?? "an error"}`,
              ),
        ]);
      },
    );
  });
}

function shown(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return printable(lines.join("; ")).slice(0, shownMost);
}
