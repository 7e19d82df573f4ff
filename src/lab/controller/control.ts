import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Clock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import { LabError } from "../errors.ts";

// The process that serves a lab's controllers listens on an abstract Unix socket, which the kernel releases however the
// process ends. So there is at most one, and the command line can ask it to look at the lab at once.

/** Milliseconds for an answer, and for an earlier process to end. */
const patience = { answer: 60_000, earlier: 10_000 };

/** What the process answers after it looked at the lab. */
const answer = z.object({
  pid: z.int(),
  /** What can't be served, a line each. */
  problems: z.array(z.string()),
});

/** @see answer */
export type ControllersAnswer = z.infer<typeof answer>;

async function socketName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  return `\0farrier-lab-controllers-${dev}-${ino}`;
}

/** The other end of {@link controllersAsk}. */
export interface ControllersControl extends AsyncDisposable {
  /** Resolves once somebody has asked and was not answered yet. */
  asked(): Promise<void>;
  /** Those who have asked until now, to be answered. */
  take(): readonly Socket[];
}

/**
 * Listens for {@link controllersAsk}. Only one process can, and that process serves this lab's controllers.
 * @throws {LabError} `busy` if another process does
 */
export async function controllersControl(directory: string, clock: Clock): Promise<ControllersControl> {
  const name = await socketName(directory);
  const deadline = clock.monotonic() + patience.earlier;
  for (;;) {
    const waiting = new Set<Socket>();
    const open = new Set<Socket>();
    let told = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket
        .on("error", () => undefined)
        .once("close", () => {
          waiting.delete(socket);
          open.delete(socket);
        });
      waiting.add(socket);
      open.add(socket);
      told.resolve();
    });
    server.listen(name);
    try {
      await once(server, "listening");
      return {
        asked: async () => await told.promise,
        take: () => {
          told = Promise.withResolvers();
          const taken = [...waiting];
          waiting.clear();
          return taken;
        },
        [Symbol.asyncDispose]: async () => {
          const closed = once(server, "close");
          server.close();
          for (const socket of open) {
            // Not before its answer is written.
            socket.destroySoon();
          }
          await closed;
        },
      };
    } catch (error) {
      if (errorCode(error) !== "EADDRINUSE") {
        throw error;
      }
    }
    if (clock.monotonic() > deadline) {
      throw new LabError("busy", "another process serves the controllers of this lab already");
    }
    await clock.sleep(50);
  }
}

/** Answers those who have asked. */
export function controllersAnswer(waiting: readonly Socket[], problems: readonly string[]): void {
  for (const socket of waiting) {
    socket.end(JSON.stringify({ pid: process.pid, problems: [...problems] } satisfies ControllersAnswer));
  }
}

/**
 * Has the process that serves the controllers look at the lab, and resolves to its answer once it has; undefined if
 * there is no such process.
 */
export async function controllersAsk(directory: string): Promise<ControllersAnswer | undefined> {
  let name: string;
  try {
    name = await socketName(directory);
  } catch {
    // There is no lab.
    return undefined;
  }
  const socket = connect(name);
  const timer = setTimeout(() => socket.destroy(new Error("no answer")), patience.answer);
  try {
    await once(socket, "connect");
    return answer.safeParse(parsed(await text(socket))).data;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // It ended while it was asked.
    return undefined;
  }
}
