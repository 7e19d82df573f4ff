import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import type { Logger } from "../lib/log.ts";
import { errorText } from "./errors.ts";
import { runRecordParse, runRecordTaken, runRecordText } from "./run-record-lines.ts";

/** What a host keeps in memory about the agent's runs, so that a run knows which earlier runs have ended. */
export interface RunRecord extends AsyncDisposable {
  /**
   * The latest earlier run that has certainly ended, or writes nothing any more, and was not passed to `told` yet.
   * Never rejects.
   */
  ended(): Promise<Uint8Array | undefined>;
  /** The control plane knows that `run` has ended: no run of this host reports it again. Never rejects. */
  told(run: Uint8Array): Promise<void>;
  /** This run writes nothing any more: another one on this host may replace it. Never rejects. */
  release(): Promise<void>;
  /**
   * This run is about to write. False if it must not: it released the record, and another live run has taken it, which
   * may be reporting this run as ended at this moment. Never rejects.
   */
  renew(): Promise<boolean>;
}

/**
 * Records this run of a machine's agent, and finds out which earlier runs have ended. A run is alive as long as the
 * socket named after it accepts connections: the kernel closes it however the process ends. Of two live runs the first
 * keeps the record, and the second asks again. An ended run stays in the record until a run has passed it to `told`,
 * however many runs are killed before that. The record outlives its run and must not be shared between hosts, so
 * `directory` is in this host's memory. Never throws: without a record a run only waits for its predecessor's silence.
 */
export async function runRecordOpen(options: {
  directory: string | undefined;
  machineId: string;
  runId: Uint8Array;
  log: Logger;
}): Promise<RunRecord> {
  const { directory, machineId, log } = options;
  const run = hex(options.runId);
  let server: Server | undefined;
  let ended: string[] = [];
  let released = false;
  let warned = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time: the heartbeats and an installation call independently of each other. */
  function inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const next = last.then(operation);
    last = next;
    return next;
  }

  async function write(folder: string, runs: string[]): Promise<void> {
    await writeFileAtomic(fileOf(folder, machineId), runRecordText(run, runs), { mode: 0o600, replace: true });
  }

  /** Takes over the record if the run that holds it has ended. False if that run lives. */
  async function take(folder: string): Promise<boolean> {
    const there = runRecordParse(await readFile(fileOf(folder, machineId), "utf8").catch(() => ""));
    const { holder } = there;
    if (holder !== undefined && holder !== run && (await answers(socketOf(folder, holder)))) {
      if (!warned) {
        warned = true;
        log.warn(
          { runBefore: holder },
          "another agent of this machine runs on this host: only one of them installs; stop the other",
        );
      }
      return false;
    }
    const listening = await listen(socketOf(folder, run));
    const taken = runRecordTaken(run, there);
    try {
      // Only now, because a reader must find the socket.
      await write(folder, taken);
    } catch (error) {
      await close(listening);
      throw error;
    }
    server = listening;
    ended = taken;
    if (holder !== undefined && holder !== run) {
      await rm(socketOf(folder, holder), { force: true });
    }
    return true;
  }

  async function attempt(): Promise<boolean> {
    if (directory === undefined || server !== undefined) {
      return true;
    }
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return await take(directory);
    } catch (error) {
      log.info({ directory, reason: errorText(error) }, "runs of this agent can't be recorded: a restart waits longer");
      return true;
    }
  }

  async function release(): Promise<void> {
    released = true;
    ended = [];
    const closing = server;
    server = undefined;
    if (closing !== undefined) {
      await close(closing);
    }
  }

  await attempt();
  return {
    ended: () =>
      inTurn(async () => {
        if (!released) {
          await attempt();
        }
        const [newest] = ended;
        return newest === undefined ? undefined : Buffer.from(newest, "hex");
      }),
    told: (earlier) =>
      inTurn(async () => {
        ended = ended.filter((one) => one !== hex(earlier));
        if (directory !== undefined && server !== undefined) {
          // Otherwise the next run reports it again, which changes nothing.
          await write(directory, ended).catch((error: unknown) => {
            log.debug({ directory, reason: errorText(error) }, "a reported run stays in the record");
          });
        }
      }),
    release: () => inTurn(release),
    renew: () =>
      inTurn(async () => {
        const holds = (await attempt()) || !released;
        released &&= !holds;
        return holds;
      }),
    [Symbol.asyncDispose]: () => inTurn(release),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function fileOf(directory: string, machineId: string): string {
  return join(directory, `${machineId.toLowerCase()}.run`);
}

// A socket's path has at most 107 bytes (unix(7)).
function socketOf(directory: string, run: string): string {
  return join(directory, `${run.slice(0, 16)}.sock`);
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(path);
  await once(server, "listening");
  return server;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: no listener any more; no such file: it was removed. Any other error does not prove that it has ended.
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });
}
