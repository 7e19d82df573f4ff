import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { waitFor } from "../../../test/support/wait.ts";
import { createHandshakes, handshakeLimits } from "./handshakes.ts";

/** A line of its own on a port of loopback. A handshake is told apart by its turn of the event loop, and takes one millisecond. */
async function line({ firstBytes = 60_000, place = 60_000 } = {}) {
  const stack = new AsyncDisposableStack();
  let time = 0;
  let turn = 0;
  let counting = true;
  const count = (): void => {
    turn += 1;
    if (counting) {
      setImmediate(count);
    }
  };
  count();
  stack.defer(() => {
    counting = false;
  });
  const begun: { socket: Socket; turn: number }[] = [];
  let waiting = 0;
  const handshakes = stack.use(
    createHandshakes({
      begin: (socket) => {
        begun.push({ socket, turn });
        // As node:tls does.
        process.nextTick(() => {
          time += 1;
        });
      },
      firstBytes,
      place,
      clock: { monotonic: () => time },
      waiting: (now) => {
        waiting = now;
      },
    }),
  );
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    handshakes.accept(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    for (const socket of accepted) {
      socket.destroy();
    }
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return {
    handshakes,
    begun,
    waiting: () => waiting,
    /** `howMany` connections that are accepted and have sent nothing. */
    connections: async (howMany: number): Promise<Socket[]> => {
      const before = accepted.length;
      const sockets = Array.from({ length: howMany }, () => connect(port, "127.0.0.1"));
      for (const socket of sockets) {
        stack.defer(() => void socket.destroy());
        socket.on("error", () => undefined);
      }
      await waitFor("all to be accepted", () => accepted.length === before + howMany);
      return sockets;
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  };
}

describe("the line for handshakes", () => {
  test("starts a limited number of milliseconds' worth per turn of the event loop, however many come at once", async () => {
    await using there = await line();
    const sockets = await there.connections(100);
    expect(there.waiting()).toBe(100);
    for (const socket of sockets) {
      socket.write("hello");
    }
    // All of them end at once: only the time that a turn may take holds them up.
    let ended = 0;
    await waitFor("all to be let in", () => {
      for (; ended < there.begun.length; ended += 1) {
        there.handshakes.done(there.begun[ended]?.socket as Socket);
      }
      return there.begun.length === 100;
    });
    const turns = new Map<number, number>();
    for (const { turn } of there.begun) {
      turns.set(turn, (turns.get(turn) ?? 0) + 1);
    }
    expect(Math.max(...turns.values())).toBe(handshakeLimits.turn);
    expect(there.waiting()).toBe(0);
  });

  test("has a maximum number under way at once; a handshake that stalls frees its place", async () => {
    await using there = await line({ place: 2_000 });
    for (const socket of await there.connections(handshakeLimits.atOnce + 1)) {
      socket.write("hello");
    }
    await waitFor("as many as may", () => there.begun.length === handshakeLimits.atOnce);
    expect(there.waiting()).toBe(1);
    await waitFor("the last one", () => there.begun.length === handshakeLimits.atOnce + 1);
  });

  test("is left by a connection that closes, which costs nothing more", async () => {
    await using there = await line();
    const sockets = await there.connections(handshakeLimits.atOnce);
    for (const socket of sockets) {
      socket.write("hello");
    }
    await waitFor("as many as may", () => there.begun.length === handshakeLimits.atOnce);
    for (const socket of await there.connections(20)) {
      socket.end("hello");
    }
    await waitFor("those who went to be out of the line", () => there.waiting() === 0);
    expect(there.begun.length).toBe(handshakeLimits.atOnce);
  });

  test("is not entered by a connection that sends nothing, which is closed in time", async () => {
    await using there = await line({ firstBytes: 50 });
    const [silent] = await there.connections(1);
    await once(silent as Socket, "close");
    await waitFor("nobody to be waited for", () => there.waiting() === 0);
    expect(there.begun).toEqual([]);
  });
});
