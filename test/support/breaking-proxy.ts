import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";

/** A way to a TCP port on which one connection breaks. */
export interface BreakingProxy extends AsyncDisposable {
  readonly port: number;
  /** The number of connections since the last {@link breakAt}. */
  connections(): number;
  /** Counts anew: of the next connections the one with this number (1 = the next) breaks once the client has sent more than `bytes`. */
  breakAt(number: number, bytes: number): void;
  /** Breaks what is open now. */
  breakNow(): void;
}

/** Listens on a free port of loopback. */
export async function breakingProxy(target: number): Promise<BreakingProxy> {
  const sockets = new Set<Socket>();
  let count = 0;
  let broken = { number: 0, bytes: 0 };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    count += 1;
    const breaks = count === broken.number ? broken.bytes : undefined;
    const far = createConnection(target, "127.0.0.1");
    [near, far].forEach(keep);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    let sent = 0;
    near.on("data", (chunk: Buffer) => {
      sent += chunk.length;
      if (breaks !== undefined && sent > breaks) {
        near.destroy();
        far.destroy();
      }
    });
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    connections: () => count,
    breakAt: (number, bytes) => {
      count = 0;
      broken = { number, bytes };
    },
    breakNow: () => sockets.forEach((socket) => socket.destroy()),
    [Symbol.asyncDispose]: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
