import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A way to a TCP port that can be cut as a network is: nothing says that it is, bytes just do not arrive. */
export interface CuttableProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing passes, on connections that are open and on new ones. */
  cut(): void;
  /** What was held back goes on, new connections pass again. */
  heal(): void;
}

/** Listens on a free port of loopback. */
export async function cuttableProxy(target: number): Promise<CuttableProxy> {
  const pairs = new Set<{ near: Socket; far?: Socket }>();
  let isCut = false;
  const join = (pair: { near: Socket; far?: Socket }): void => {
    const { near } = pair;
    const far = createConnection(target, "127.0.0.1");
    pair.far = far;
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.pipe(far);
    far.pipe(near);
  };
  const server: Server = createServer({ pauseOnConnect: true }, (near) => {
    const pair = { near };
    pairs.add(pair);
    near.on("error", () => undefined);
    near.on("close", () => {
      pairs.delete(pair);
      (pair as { far?: Socket }).far?.destroy();
    });
    if (!isCut) {
      join(pair);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    cut: () => {
      isCut = true;
      for (const { near, far } of pairs) {
        if (far !== undefined) {
          near.unpipe(far);
          far.unpipe(near);
          near.pause();
          far.pause();
        }
      }
    },
    heal: () => {
      isCut = false;
      for (const pair of pairs) {
        if (pair.far === undefined) {
          join(pair);
        } else {
          pair.near.pipe(pair.far);
          pair.far.pipe(pair.near);
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const { near, far } of pairs) {
        near.destroy();
        far?.destroy();
      }
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
