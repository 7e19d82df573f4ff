import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { Clock } from "../../lib/clock.ts";
import type { Addresses } from "./peer.ts";

/** The internal field in which grpc-js keeps its HTTP/2 servers; no type declares it. */
interface KeepsHttp2Servers {
  http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/** The limits on a connection's calls in one turn of the event loop. */
export interface CallsATurn {
  /** Calls that start at once; further ones wait. */
  atOnce: number;
  /** Calls after which the connection is closed. */
  most: number;
  /** True if waiting calls wait in the shared line of strangers, false if only until the turn ends. */
  inLine: boolean;
}

/** Milliseconds of strangers' waiting calls that start in one turn of the event loop. */
const lineTurn = 2;

/**
 * Limits what calls cost in one turn of the event loop. One packet can hold hundreds of calls, perhaps each reset at
 * once; started together, the calls of a few connections would delay all agents by a second. So calls of a connection
 * above a limit wait, strangers' calls in a line with some milliseconds per turn, and are dropped if they are reset
 * meanwhile. A connection with too many calls is closed. An agent's heartbeat, and the first call of an unauthenticated
 * agent, never wait. Call this once the server has its connection injector.
 * @param options.least calls per turn up to which `limitsOf` is not asked
 * @throws {Error} if the gRPC library's internals are not as expected
 */
export function callBursts(
  grpc: Server,
  options: { clock: Pick<Clock, "monotonic">; least: number; limitsOf: (connection: Addresses) => CallsATurn },
): void {
  const [server] = (grpc as unknown as KeepsHttp2Servers).http2Servers?.keys() ?? [];
  const listeners = server?.listeners("stream") ?? [];
  if (server === undefined || listeners.length === 0) {
    throw new Error("@grpc/grpc-js keeps its HTTP/2 servers elsewhere: see call-bursts.ts");
  }
  server.removeAllListeners("stream");
  const begun = new Map<unknown, number>();
  /** In order of arrival. A Set, so that removing the first is fast. */
  const line = new Set<Parameters<StreamListener>>();
  const begin: StreamListener = (...call) => {
    for (const listener of listeners) {
      (listener as StreamListener)(...call);
    }
  };
  const beginLate: StreamListener = (stream, ...rest) => {
    if (stream.closed || stream.destroyed) {
      stream.destroy();
    } else {
      begin(stream, ...rest);
    }
  };
  const lineNext = (): void => {
    const until = options.clock.monotonic() + lineTurn;
    for (const call of line) {
      line.delete(call);
      beginLate(...call);
      if (options.clock.monotonic() >= until) {
        break;
      }
    }
    if (line.size > 0) {
      setImmediate(lineNext);
    }
  };
  server.on("stream", (stream: ServerHttp2Stream, ...rest: unknown[]) => {
    const { session } = stream;
    if (begun.size === 0) {
      setImmediate(() => begun.clear());
    }
    const count = (begun.get(session) ?? 0) + 1;
    begun.set(session, count);
    if (count <= options.least || session === undefined) {
      begin(stream, ...rest);
      return;
    }
    const { atOnce, most, inLine } = options.limitsOf(addressesOf(session.socket));
    if (count <= atOnce) {
      begin(stream, ...rest);
      return;
    }
    // A reset with a code other than CANCEL is an error; without a listener it would end the process.
    stream.on("error", () => undefined);
    if (count > most) {
      // Node drops further calls of the same turn without processing them.
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      session.destroy();
    } else if (inLine) {
      if (line.size === 0) {
        setImmediate(lineNext);
      }
      line.add([stream, ...rest]);
    } else {
      setImmediate(() => beginLate(stream, ...rest));
    }
  });
}

function addressesOf({ localAddress, localPort, remoteAddress, remotePort }: Addresses): Addresses {
  return { localAddress, localPort, remoteAddress, remotePort };
}
