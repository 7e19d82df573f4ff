import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import type { TestDatabase } from "./database.ts";

/** A way to the database on which bytes can get stuck. */
export interface StallingProxy extends AsyncDisposable {
  /** As `connect` takes it. */
  address: { host: string; port: number; user: string; database: string };
  /** From now on nothing passes on the connections that are open; new ones pass. */
  stall(): void;
  /** What got stuck goes on. */
  resume(): void;
}

export async function stallingProxy(test: TestDatabase): Promise<StallingProxy> {
  const { host, port, user } = test.connection;
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((near) => {
    const far = createConnection(`${host}/.s.PGSQL.${port}`);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  let stalled: [Socket, Socket][] = [];
  return {
    address: {
      host: "127.0.0.1",
      port: typeof bound === "object" && bound !== null ? bound.port : 0,
      user,
      database: test.name,
    },
    stall: () => {
      stalled = [...pairs];
      for (const [near, far] of stalled) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
    },
    resume: () => {
      for (const [near, far] of stalled) {
        near.pipe(far);
        far.pipe(near);
      }
      stalled = [];
    },
    [Symbol.asyncDispose]: async () => {
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}
