import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";

/** A way to the server, as a computer has it that falls asleep. */
export interface SleepingProxy extends AsyncDisposable {
  readonly url: string;
  /** Streams that are open never say anything again, not even that they ended; other connections end, new ones pass. */
  sleep(): void;
}

interface Pair {
  near: Socket;
  far: Socket;
  /** Its last request is for the stream. */
  streams: boolean;
}

/** Listens on a free port of loopback. @param target the server's address, such as http://127.0.0.1:8080 */
export async function sleepingProxy(target: string): Promise<SleepingProxy> {
  const pairs = new Set<Pair>();
  const server = createServer((near) => {
    const far = createConnection(Number(new URL(target).port), "127.0.0.1");
    const pair: Pair = { near, far, streams: false };
    pairs.add(pair);
    near.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      pair.streams = text.startsWith("POST ") ? text.includes("/MachineWatch ") : pair.streams;
    });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const bound = server.address();
  return {
    url: `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}`,
    sleep: () => {
      for (const { near, far, streams } of pairs) {
        if (streams) {
          far.unpipe(near);
          far.resume();
        } else {
          near.destroy();
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const { near } of pairs) {
        near.destroy();
      }
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
