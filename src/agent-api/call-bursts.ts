import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { Addresses } from "./peer.ts";

/** Where the gRPC library keeps its HTTP/2 servers; its types do not say so. */
interface KeepsHttp2Servers {
  http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/**
 * Bounds what the calls of one connection cost in one turn of the event loop. One packet holds hundreds of calls that are reset at
 * once; begun each by itself, those of some connections hold up all agents for a second. So a call beyond `atOnce` waits until the
 * turn is over, and is dropped if it was reset by then; a connection with more than `most` is closed. An agent has no more under
 * way than it may, so its calls do not wait. To be called once the server has its connection injector.
 * @param options.most calls a turn of the connection with these addresses; asked for once it has `asked`
 * @throws {Error} where the gRPC library is another than this knows
 */
export function callBursts(
  grpc: Server,
  options: { atOnce: number; asked: number; most: (connection: Addresses) => number },
): void {
  const [server] = (grpc as unknown as KeepsHttp2Servers).http2Servers?.keys() ?? [];
  const listeners = server?.listeners("stream") ?? [];
  if (server === undefined || listeners.length === 0) {
    throw new Error("@grpc/grpc-js keeps its HTTP/2 servers elsewhere: see call-bursts.ts");
  }
  server.removeAllListeners("stream");
  const begun = new Map<unknown, number>();
  const begin: StreamListener = (...call) => {
    for (const listener of listeners) {
      (listener as StreamListener)(...call);
    }
  };
  server.on("stream", (stream: ServerHttp2Stream, ...rest: unknown[]) => {
    const { session } = stream;
    if (begun.size === 0) {
      setImmediate(() => begun.clear());
    }
    const count = (begun.get(session) ?? 0) + 1;
    begun.set(session, count);
    if (count <= options.atOnce) {
      begin(stream, ...rest);
      return;
    }
    // A reset with another code than CANCEL is an error; unheard, it would end the process.
    stream.on("error", () => undefined);
    setImmediate(() => {
      if (stream.closed || stream.destroyed) {
        stream.destroy();
      } else {
        begin(stream, ...rest);
      }
    });
    if (count > options.asked && session?.destroyed === false && count > options.most(addressesOf(session.socket))) {
      // What else comes in the same turn is dropped by Node without a look.
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      session.destroy();
    }
  });
}

function addressesOf({ localAddress, localPort, remoteAddress, remotePort }: Addresses): Addresses {
  return { localAddress, localPort, remoteAddress, remotePort };
}
