import { once } from "node:events";
import { open } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { LabError } from "./errors.ts";
import { defined } from "../lib/defined.ts";

/** A QEMU Machine Protocol connection to a running QEMU. Only one at a time: QEMU lets others wait. */
export interface Qmp extends AsyncDisposable {
  /** @throws {LabError} `qemu_failed` with QEMU's own message, or when it hangs up */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown>;
  /** Resolves at the next event of this name. */
  event(name: string): Promise<void>;
}

const message = z.looseObject({
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
  event: z.string().optional(),
  id: z.number().optional(),
});

/** Milliseconds for one answer: a QEMU that takes longer is stuck. */
const patience = 10_000;

/**
 * Connects to the QEMU that works in this directory.
 * @throws the system's error if nothing listens; {LabError} `qemu_failed`
 */
export async function qmpConnect(qemuDirectory: string): Promise<Qmp> {
  // Through a descriptor, because a socket's own path may have 107 bytes only.
  await using opened = await open(qemuDirectory, "r");
  const socket = connect(`/proc/self/fd/${opened.fd}/qmp`);
  try {
    await once(socket, "connect");
    const qmp = conversation(socket);
    await qmp.greeting;
    await qmp.execute("qmp_capabilities");
    return qmp;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

function conversation(socket: Socket): Qmp & { greeting: Promise<void> } {
  const answers = new Map<number, Waiting>();
  const events = new Map<string, Waiting[]>();
  const greeting = Promise.withResolvers<undefined>();
  let next = 1;
  let over: LabError | undefined;

  function end(why: LabError): void {
    over ??= why;
    greeting.reject(why);
    [...answers.values(), ...[...events.values()].flat()].forEach(({ reject }) => reject(why));
    answers.clear();
    events.clear();
  }

  const lines = createInterface({ input: socket, crlfDelay: Infinity });
  // It repeats the socket's errors, which are handled below.
  lines.on("error", () => undefined);
  lines.on("line", (line) => {
    const told = message.safeParse(parsed(line)).data;
    if (told?.QMP !== undefined) {
      greeting.resolve(undefined);
    } else if (told?.event !== undefined) {
      events.get(told.event)?.forEach(({ resolve }) => resolve(undefined));
      events.delete(told.event);
    } else if (told?.id !== undefined) {
      const waiting = answers.get(told.id);
      answers.delete(told.id);
      if (told.error === undefined) {
        waiting?.resolve(told.return);
      } else {
        waiting?.reject(new LabError("qemu_failed", `QEMU refuses: ${told.error.desc}`));
      }
    }
  });
  socket.setTimeout(patience, () => {
    end(
      new LabError(
        "qemu_failed",
        `QEMU did not answer within ${patience / 1000} s: is it stopped, or the host overloaded?`,
      ),
    );
    socket.destroy();
  });
  socket.on("error", (error) => end(new LabError("qemu_failed", "the conversation with QEMU broke", { cause: error })));
  socket.on("close", () => end(new LabError("qemu_failed", "QEMU hung up: it ended, or was ended")));
  // It may reject before anybody awaits it.
  greeting.promise.catch(() => undefined);

  function waitIn(add: (waiting: Waiting) => void): Promise<unknown> {
    return new Promise((resolve, reject) => (over === undefined ? add({ resolve, reject }) : reject(over)));
  }

  return {
    greeting: greeting.promise,
    execute: (command, args) => {
      const id = next;
      next += 1;
      const answer = waitIn((waiting) => answers.set(id, waiting));
      socket.write(`${JSON.stringify({ execute: command, id, ...defined({ arguments: args }) })}\n`);
      return answer;
    },
    event: async (name) => {
      await waitIn((waiting) => events.set(name, [...(events.get(name) ?? []), waiting]));
    },
    [Symbol.asyncDispose]: async () => {
      if (!socket.destroyed) {
        const closed = once(socket, "close");
        socket.destroy();
        await closed;
      }
    },
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not a QMP message.
    return undefined;
  }
}
