import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/host/atomic-file.ts";
import type { Logger } from "../lib/log.ts";
import { errorText } from "./errors.ts";

/** What a host keeps in memory about the agent's runs, so that a run knows whether its predecessor has ended. */
export interface RunRecord extends AsyncDisposable {
  /** The previous run, once it is certain that it has ended, or that it writes nothing any more. Never rejects. */
  ended(): Promise<Uint8Array | undefined>;
  /** This run writes nothing any more: another one on this host may replace it. */
  release(): Promise<void>;
  /** This run may write again. */
  renew(): Promise<void>;
}

/**
 * Records this run of a machine's agent, and finds out whether the previous one has ended. A run is alive as long as
 * the socket named after it accepts connections: the kernel closes it however the process ends. Of two live runs the
 * first keeps the record, and the second asks again. The record outlives its run and must not be shared between hosts,
 * so `directory` is in this host's memory. Never throws: without a record a run only waits for its predecessor's
 * silence.
 */
export async function runRecordOpen(options: {
  directory: string | undefined;
  machineId: string;
  runId: Uint8Array;
  log: Logger;
}): Promise<RunRecord> {
  const { directory, machineId, log } = options;
  const run = Buffer.from(options.runId).toString("hex");
  let server: Server | undefined;
  let before: string | undefined;
  let warned = false;

  /** Takes over the record if the previous run has ended. */
  async function take(folder: string): Promise<void> {
    const record = join(folder, `${machineId.toLowerCase()}.run`);
    const there = /^(?<run>[0-9a-f]{32})\n$/u.exec(await readFile(record, "utf8").catch(() => ""))?.groups?.["run"];
    if (there !== undefined && there !== run && (await answers(socketOf(folder, there)))) {
      if (!warned) {
        warned = true;
        log.warn(
          { runBefore: there },
          "another agent of this machine runs on this host: only one of them installs; stop the other",
        );
      }
      return;
    }
    server = await listen(socketOf(folder, run));
    // Only now, because a reader must find the socket.
    await writeFileAtomic(record, `${run}\n`, { mode: 0o600, replace: true });
    if (there !== undefined && there !== run) {
      before = there;
      await rm(socketOf(folder, there), { force: true });
    }
  }

  async function attempt(): Promise<void> {
    if (directory === undefined || server !== undefined) {
      return;
    }
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await take(directory);
    } catch (error) {
      log.info({ directory, reason: errorText(error) }, "runs of this agent can't be recorded: a restart waits longer");
    }
  }

  async function release(): Promise<void> {
    const closing = server;
    server = undefined;
    if (closing !== undefined) {
      await new Promise<void>((resolve) => void closing.close(() => resolve()));
    }
  }

  await attempt();
  return {
    ended: async () => {
      await attempt();
      return before === undefined ? undefined : Buffer.from(before, "hex");
    },
    release,
    renew: attempt,
    [Symbol.asyncDispose]: release,
  };
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
