import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { Clock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import { limits } from "../limits.ts";
import { callLane, type CallLane } from "./call-lane.ts";
import type { Addresses } from "./peer.ts";

/** The internal field in which grpc-js keeps its HTTP/2 servers; no type declares it. */
interface KeepsHttp2Servers {
  http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

type StreamListener = (stream: ServerHttp2Stream, ...rest: unknown[]) => void;

/** The caller of a connection, as far as it is known before a call is read. */
export interface BurstCaller {
  /** Equal for all connections of one key; without a key, for all connections of one address. */
  key: string;
  /** True once the database has authenticated it as a machine's agent. */
  agent(): boolean;
  /** Must be called for each call that starts while the connection's caller is unauthenticated. */
  called(): void;
}

interface Connection {
  caller: BurstCaller;
  /** Calls that started without waiting before the caller was authenticated. */
  begun: number;
  /** True once the peer was told that it may open as many streams as an agent. */
  raised: boolean;
}

/**
 * Calls that start without waiting: the first calls of a stranger's connection (its first heartbeat makes it an agent's),
 * and the calls of an agent's key in one turn of the event loop.
 */
const atOnce = { stranger: 2, agent: 4 } as const;
/**
 * Calls of a connection in one turn after which it is closed: an agent has a handful under way, and those whose calls
 * have deadlines of a millisecond start some tens a turn. Each costs some 30 µs before anything of it is read.
 */
const mostATurn = { stranger: 64, agent: 128 } as const;
/** Calls of an agent's key in one turn, on all its connections, after which the connection that brings more is closed. */
const mostOfKeyATurn = 256;

/** Limits on waiting calls; their time is measured, not a flat rate. */
const lanes = {
  stranger: { turn: 2, time: { perSecond: 100, burst: 300 }, perCaller: limits.streamsOfStranger, most: 4_000 },
  agent: { turn: 2, perCaller: 64, most: 4_000 },
} as const;

/**
 * Limits what calls cost before any of them is read. One packet can hold hundreds of calls, perhaps each reset at once;
 * started together, the calls of a few connections would delay all agents by a second. So a caller's calls above a limit
 * wait in a lane, which starts some milliseconds of calls per turn; the strangers' lane is limited to a share of the
 * processor too. A call that is reset leaves the lane. A connection with too many calls is closed. An agent's heartbeat, and the
 * first call of an unauthenticated agent, never wait. Call this once the server has its connection injector.
 * @param options.flooded called with the caller's key when one of its connections is closed
 * @throws {Error} if the gRPC library's internals are not as expected
 */
export function callBursts(
  grpc: Server,
  options: {
    clock: Pick<Clock, "monotonic">;
    callerOf: (connection: Addresses) => BurstCaller;
    flooded: (key: string) => void;
  },
): void {
  const { clock } = options;
  const [server] = (grpc as unknown as KeepsHttp2Servers).http2Servers?.keys() ?? [];
  const listeners = server?.listeners("stream") ?? [];
  if (server === undefined || listeners.length === 0) {
    throw new Error("@grpc/grpc-js keeps its HTTP/2 servers elsewhere: see call-bursts.ts");
  }
  server.removeAllListeners("stream");
  const connections = new WeakMap<ServerHttp2Session, Connection>();
  /** Calls that arrived in this turn, by connection and by an agent's key. */
  const come = new Map<unknown, number>();
  const strangers = callLane(lanes.stranger, clock);
  const agents = callLane(lanes.agent, clock);

  const begin: StreamListener = (...call) => {
    for (const listener of listeners) {
      (listener as StreamListener)(...call);
    }
  };

  function connectionOf(session: ServerHttp2Session): Connection {
    let connection = connections.get(session);
    if (connection === undefined) {
      connection = { caller: options.callerOf(addressesOf(session.socket)), begun: 0, raised: false };
      connections.set(session, connection);
    }
    return connection;
  }

  function count(what: unknown): number {
    if (come.size === 0) {
      setImmediate(() => come.clear());
    }
    const now = (come.get(what) ?? 0) + 1;
    come.set(what, now);
    return now;
  }

  /** Node drops the connection's further calls of the same turn without processing them. */
  function close(session: ServerHttp2Session): void {
    options.flooded(connectionOf(session).caller.key);
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  }

  function wait(
    lane: CallLane,
    caller: unknown,
    session: ServerHttp2Session,
    call: Parameters<StreamListener>,
    started: () => void = begin.bind(undefined, ...call),
  ): void {
    const [stream] = call;
    // A reset with a code other than CANCEL is an error; without a listener it would end the process.
    stream.on("error", () => undefined);
    if (stream.closed || stream.destroyed) {
      stream.destroy();
      return;
    }
    switch (lane.enter({ stream, caller, begin: started })) {
      case "waits":
        return;
      case "full":
        stream.close(constants.NGHTTP2_REFUSED_STREAM);
        return;
      case "flood":
        close(session);
    }
  }

  // grpc-js asks for the addresses at each call, through a Proxy that costs as much as the rest of a call's start.
  server.prependListener("session", (session: ServerHttp2Session) => {
    Object.defineProperty(session, "socket", { value: addressesOf(session.socket) });
  });
  // nghttp2 counts invalid frames, and streams above the connection's limit, itself.
  server.on("session", (session: ServerHttp2Session) => void connectionOf(session));
  server.on("sessionError", (error: unknown, session: ServerHttp2Session) => {
    const known = connections.get(session);
    if (known !== undefined && errorCode(error)?.startsWith("ERR_HTTP2") === true) {
      options.flooded(known.caller.key);
    }
  });
  server.on("stream", (...call: Parameters<StreamListener>) => {
    const { session } = call[0];
    if (session === undefined || session.destroyed) {
      call[0].on("error", () => undefined).destroy();
      return;
    }
    const own = session as ServerHttp2Session;
    const connection = connectionOf(own);
    const { caller } = connection;
    const isAgent = caller.agent();
    if (count(own) > (isAgent ? mostATurn.agent : mostATurn.stranger)) {
      call[0].on("error", () => undefined);
      close(own);
      return;
    }
    if (isAgent) {
      if (!connection.raised) {
        connection.raised = true;
        own.settings({ maxConcurrentStreams: limits.streamsOfAgent });
      }
      const ofKey = count(caller.key);
      if (ofKey > mostOfKeyATurn) {
        call[0].on("error", () => undefined);
        close(own);
      } else if (ofKey <= atOnce.agent) {
        begin(...call);
      } else {
        wait(agents, caller.key, own, call);
      }
    } else if (connection.begun < atOnce.stranger) {
      connection.begun += 1;
      caller.called();
      const began = clock.monotonic();
      begin(...call);
      strangers.spend(clock.monotonic() - began);
    } else {
      wait(strangers, own, own, call, () => {
        caller.called();
        begin(...call);
      });
    }
  });
}

function addressesOf({ localAddress, localPort, remoteAddress, remotePort }: Addresses): Addresses {
  return { localAddress, localPort, remoteAddress, remotePort };
}
