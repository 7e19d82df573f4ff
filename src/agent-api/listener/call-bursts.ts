import { constants, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { Clock } from "../../lib/clock.ts";
import type { Addresses } from "./peer.ts";

/** Where the gRPC library keeps its HTTP/2 servers; its types do not say so. */
interface KeepsHttp2Servers {
  http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/** What the calls of a connection may cost in one turn of the event loop. */
export interface CallsATurn {
  /** Calls that are begun at once; others wait. */
  atOnce: number;
  /** Calls after which the connection is closed. */
  most: number;
  /** Whether the calls that wait do so in the one line of strangers, or only until the turn is over. */
  inLine: boolean;
}

/** Milliseconds of strangers' waiting calls begun in one turn of the event loop. */
const lineTurn = 2;

/**
 * Bounds what calls cost in one turn of the event loop. One packet holds hundreds of calls, reset at once perhaps; begun each by
 * itself, those of some connections hold up all agents for a second. So calls of a connection beyond some wait, strangers' in a
 * line that has some milliseconds a turn, and are dropped if they were reset by then; a connection with too many is closed. An
 * agent's heartbeat, and the first call of an agent that is not known yet, never wait. To be called once the server has its
 * connection injector.
 * @param options.least calls a turn up to which `limitsOf` is not asked
 * @throws {Error} where the gRPC library is another than this knows
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
  /** In the order of their coming. A Set, so that the first is taken out at once. */
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
    // A reset with another code than CANCEL is an error; unheard, it would end the process.
    stream.on("error", () => undefined);
    if (count > most) {
      // What else comes in the same turn is dropped by Node without a look.
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
