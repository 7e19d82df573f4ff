import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { makeDirectory } from "../../lib/host/make-directory.ts";
import type { Clock } from "../../lib/clock.ts";
import { LabError } from "../errors.ts";
import { controllersDirectory, controllersLog } from "./account.ts";
import { controllersAsk } from "./control.ts";

/** Milliseconds that the process may take to serve, and to end. */
const patience = { start: 120_000, end: 20_000 };
/** Milliseconds between two looks. */
const pause = 50;

/**
 * Sees to it that the lab's controllers are served, by a process in the background that outlives this one.
 * @param command the command line that serves them in the foreground
 * @throws {LabError} `controllers_failed` with what is wrong
 */
export async function controllersStart(
  directory: string,
  { command: [program, ...args], clock }: { command: readonly [string, ...string[]]; clock: Clock },
): Promise<void> {
  const deadline = clock.monotonic() + patience.start;
  let child: { ended: string | undefined } | undefined;
  for (;;) {
    const answer = await controllersAsk(directory);
    if (answer !== undefined) {
      return requireNone(answer.problems);
    }
    child ??= await start(directory, program, args);
    if (child.ended !== undefined || clock.monotonic() > deadline) {
      const log = await readFile(controllersLog(directory), "utf8").catch(() => "");
      throw new LabError(
        "controllers_failed",
        `the process that serves the controllers ${child.ended ?? "does not answer"}; it said: ${log.trim().slice(-1000) || "nothing"}`,
      );
    }
    await clock.sleep(pause);
  }
}

async function start(
  directory: string,
  program: string,
  args: readonly string[],
): Promise<{ ended: string | undefined }> {
  await makeDirectory(controllersDirectory(directory));
  await using log = await open(controllersLog(directory), "w", 0o600);
  const child = spawn(program, [...args], { detached: true, stdio: ["ignore", log.fd, log.fd] });
  const state: { ended: string | undefined } = { ended: undefined };
  child.once("error", (error) => (state.ended = `could not be started (${error.message})`));
  child.once("exit", (code, signal) => (state.ended = `ended with ${signal ?? code}`));
  child.unref();
  return state;
}

function requireNone(problems: readonly string[]): void {
  if (problems.length > 0) {
    throw new LabError(
      "controllers_failed",
      `not all controllers are served: ${problems.join("; ")}. Mend that, or remove the machines with \`farrier lab down\``,
    );
  }
}

/**
 * Has the process that serves the controllers notice which machines are gone; it ends with the last of them.
 * @param last whether none is left @throws {LabError} `controllers_failed` if it does not end
 */
export async function controllersSettle(
  directory: string,
  { last, clock }: { last: boolean; clock: Clock },
): Promise<void> {
  const deadline = clock.monotonic() + patience.end;
  for (;;) {
    const answer = await controllersAsk(directory);
    if (answer === undefined || !last) {
      return;
    }
    if (clock.monotonic() > deadline) {
      throw new LabError(
        "controllers_failed",
        `the process ${answer.pid}, which serves the lab's controllers, does not end: \`kill ${answer.pid}\``,
      );
    }
    await clock.sleep(pause);
  }
}
