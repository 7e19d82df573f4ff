import { openSync, writeSync } from "node:fs";
import { access, constants, lstat, mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { CliError } from "../cli/errors.ts";
import { errorCode } from "../lib/errors.ts";
import { systemWords } from "../lib/host/system-words.ts";
import { logForPeople } from "../lib/format/log-for-people.ts";
import { agentInitRead } from "../agent/calls/init-file.ts";
import { createLogTail } from "../agent/loops/log-tail.ts";
import { fetchLimits } from "../agent/install/fetch/http-answer.ts";
import { runAgent } from "../agent/run.ts";
import type { AgentRunOptions } from "./options.ts";
import { createLogger } from "../lib/log.ts";
import { untilStopped } from "./parts/until-stopped.ts";
import { defined } from "../lib/defined.ts";

/** `farrier agent run`: the agent on this host. Resolves to the exit status. */
export async function agentProcess(options: AgentRunOptions): Promise<number> {
  const heartbeatSeconds = numberRead("FARRIER_AGENT_HEARTBEAT_SECONDS", { most: 300, otherwise: "30 seconds" });
  const tries = numberRead("FARRIER_AGENT_FETCH_TRIES", { most: 1_000, otherwise: String(fetchLimits.tries) });
  const logTail = createLogTail();
  const log = createLogger({
    level: options.debug ? "debug" : "info",
    component: "agent",
    write: logWrite(options.logFile),
    also: logTail.write,
  });
  const init = await agentInitRead(options.init);
  const stop = new AbortController();
  void untilStopped().then((signal) => {
    log.info({ signal }, "stopping");
    stop.abort(new Error(`told to stop by ${signal}`));
  });
  await runAgent({
    init,
    log,
    logTail,
    signal: stop.signal,
    runDirectory: await runDirectory(),
    ...defined({ fileDisks: options.fileDisks }),
    ...(heartbeatSeconds === undefined ? {} : { heartbeatIntervalMs: heartbeatSeconds * 1000 }),
    ...(tries === undefined ? {} : { fetchLimits: { ...fetchLimits, tries } }),
  });
  return 0;
}

/** Where log lines go: to the file, or as text to a terminal; undefined means unchanged to standard error. */
function logWrite(path: string | undefined): ((line: string) => void) | undefined {
  if (path === undefined) {
    return process.stderr.isTTY ? (line) => void process.stderr.write(`${logForPeople(line)}\n`) : undefined;
  }
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
  } catch (error) {
    throw new CliError("usage", `--log ${path} can't be written ${systemWords(error)}`, { cause: error });
  }
  return (line) => void writeSync(file, line);
}

/** The first of these in-memory folders that belongs to this user, or can be created. */
async function runDirectory(): Promise<string | undefined> {
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  for (const parent of ["/run", ...(runtime === undefined || runtime === "" ? [] : [runtime]), "/dev/shm"]) {
    const path = join(parent, parent === "/dev/shm" ? `farrier-agent-${userInfo().uid}` : "farrier-agent");
    try {
      await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
        if (errorCode(error) !== "EEXIST") {
          throw error;
        }
      });
      const { uid } = await lstat(path);
      await access(path, constants.W_OK);
      if (uid === userInfo().uid) {
        return path;
      }
    } catch {
      // Missing, or another user's: try the next.
    }
  }
  return undefined;
}

/** Reads a whole number from the environment, if it is set. @throws {RangeError} naming what was expected */
function numberRead(name: string, { most, otherwise }: { most: number; otherwise: string }): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") {
    return undefined;
  }
  const value = Number(text);
  if (!/^\d+$/u.test(text) || value < 1 || value > most) {
    throw new RangeError(
      `${name} is "${text}": expected a whole number from 1 to ${most}, or nothing for ${otherwise}`,
    );
  }
  return value;
}
