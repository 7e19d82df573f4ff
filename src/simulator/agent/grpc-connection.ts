import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { HostPort } from "../../lib/net/host-port.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";
import type { Gate } from "../gate.ts";
import { frame, frameReader } from "./grpc-frame.ts";

/** The gRPC status codes that matter here. */
export const grpcCode = {
  ok: 0,
  cancelled: 1,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** How a call ended. */
export interface GrpcStatus {
  code: number;
  details: string;
  /** Milliseconds not to call again, if an overloaded server asked for that. */
  retryAfter?: number;
}

/** One agent's connection: made on demand, and again after a loss. */
export interface GrpcConnection {
  /** Resolves to the status and, if it is OK, the answer. Never rejects. */
  unary(path: string, message: Uint8Array): Promise<GrpcStatus & { answer?: Buffer }>;
  /** Opens a stream; call the returned function to end it. `ended` is called once when it ends by itself. */
  serverStream(
    path: string,
    message: Uint8Array,
    handlers: { message: (bytes: Buffer) => void; ended: (status: GrpcStatus) => void },
  ): () => void;
  /** Cuts it, like a lost link; the next call makes a new one. */
  cut(): void;
  /** Cuts it for good. */
  close(): void;
  readonly connected: boolean;
}

/** Milliseconds for a call. */
const callDeadline = 20_000;
/** On a slow link a message is sent in `pieces`, `apart` milliseconds apart. */
const slowly = { pieces: 4, apart: 500 } as const;

/**
 * Makes one over bare HTTP/2: a gRPC channel takes 1.6 times the processor time a call and a third more memory, and can
 * neither be cut within a call nor send slowly. When an endpoint can't be reached the next one is tried.
 */
export function grpcConnection(options: {
  endpoints: readonly HostPort[];
  /** The index of the first endpoint. */
  first: number;
  tls: { key: string; cert: string; ca: string | undefined };
  slow: boolean;
  /** Limits concurrent handshakes of all agents: real agents do not wait for each other's processor. */
  handshakes: Gate;
  /** Called for each new connection, with the milliseconds that it took. */
  connected: (milliseconds: number) => void;
}): GrpcConnection {
  let session: ClientHttp2Session | undefined;
  let turn = options.first;

  let asked = false;
  let closed = false;
  let waiting: { use: (session: ClientHttp2Session) => void; lost: () => void }[] = [];

  /** Calls `use` with the connection: at once if there is one, otherwise when another handshake may begin. */
  function withSession(use: (session: ClientHttp2Session) => void, lost: () => void): void {
    if (session !== undefined && !session.closed && !session.destroyed) {
      use(session);
      return;
    }
    waiting.push({ use, lost });
    if (asked) {
      return;
    }
    asked = true;
    options.handshakes.enter((leave) => {
      asked = false;
      const users = waiting;
      waiting = [];
      if (closed || users.length === 0) {
        leave();
        return;
      }
      const made = open(leave);
      for (const { use: each } of users) {
        each(made);
      }
    });
  }

  function cut(): void {
    session?.destroy();
    const users = waiting;
    waiting = [];
    for (const { lost } of users) {
      lost();
    }
  }

  function open(leave: () => void): ClientHttp2Session {
    const endpoint = options.endpoints[turn % options.endpoints.length] ?? { host: "", port: 0 };
    const begun = performance.now();
    const { key, cert, ca } = options.tls;
    const made = connect(`https://${formatHostPort(endpoint)}`, { key, cert, ...(ca === undefined ? {} : { ca }) });
    let up = false;
    made.once("connect", () => {
      up = true;
      leave();
      options.connected(performance.now() - begun);
    });
    made.on("error", () => undefined); // Its streams report it.
    made.once("close", () => {
      leave();
      if (session === made) {
        session = undefined;
      }
      if (!up) {
        turn += 1;
      }
    });
    // Sent by a server that is stopping: running calls may end, the next call goes to another.
    made.once("goaway", () => {
      turn += 1;
    });
    session = made;
    return made;
  }

  function request(on: ClientHttp2Session, path: string): ClientHttp2Stream {
    return on.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
  }

  function send(stream: ClientHttp2Stream, message: Uint8Array): void {
    const bytes = frame(message);
    if (!options.slow) {
      stream.end(bytes);
      return;
    }
    const size = Math.ceil(bytes.length / slowly.pieces);
    let offset = 0;
    const next = (): void => {
      if (stream.destroyed || stream.closed) {
        return;
      }
      const piece = bytes.subarray(offset, offset + size);
      offset += size;
      if (offset >= bytes.length) {
        stream.end(piece);
      } else {
        stream.write(piece);
        setTimeout(next, slowly.apart);
      }
    };
    next();
  }

  function call(
    path: string,
    message: Uint8Array,
    handlers: { message: (bytes: Buffer) => void; ended: (status: GrpcStatus) => void },
  ): (code: number) => void {
    let status: GrpcStatus = { code: grpcCode.unavailable, details: "the connection was lost" };
    let stream: ClientHttp2Stream | undefined;
    let over = false;
    const ended = (): void => {
      if (!over) {
        over = true;
        handlers.ended(status);
      }
    };
    const read = frameReader();
    const note = (headers: Record<string, unknown>): void => {
      const code = headers["grpc-status"];
      if (code !== undefined) {
        const details = headers["grpc-message"];
        const retryAfter = Number(headers["grpc-retry-pushback-ms"] ?? Number.NaN);
        status = {
          code: Number(code),
          details: typeof details === "string" ? decodeURIComponent(details) : "",
          ...(retryAfter > 0 ? { retryAfter } : {}),
        };
      } else if (headers[":status"] !== 200) {
        status = { code: grpcCode.unavailable, details: `HTTP status ${String(headers[":status"])}` };
      }
    };
    withSession((on) => {
      if (over) {
        return;
      }
      try {
        stream = request(on, path);
      } catch (error) {
        // The session ended between the check and the call.
        status = { code: grpcCode.unavailable, details: String(error) };
        queueMicrotask(ended);
        return;
      }
      stream.on("response", (headers) => note(headers));
      stream.on("trailers", (headers) => note({ ":status": 200, ...headers }));
      stream.on("data", (chunk: Buffer) => {
        for (const bytes of read(chunk)) {
          handlers.message(bytes);
        }
      });
      stream.on("error", (error) => {
        status = { code: grpcCode.unavailable, details: error.message };
      });
      stream.once("close", ended);
      send(stream, message);
    }, ended);
    return (code) => {
      status = { code, details: "ended by the agent" };
      if (stream === undefined) {
        queueMicrotask(ended);
      } else {
        stream.close(constants.NGHTTP2_CANCEL);
      }
    };
  }

  return {
    unary: (path, message) =>
      new Promise((resolve) => {
        let answer: Buffer | undefined;
        const end = call(path, message, {
          message: (bytes) => {
            answer = bytes;
          },
          ended: (status) => {
            clearTimeout(timer);
            resolve(status.code === grpcCode.ok && answer !== undefined ? { ...status, answer } : status);
          },
        });
        const timer = setTimeout(() => end(grpcCode.deadlineExceeded), callDeadline);
      }),
    serverStream: (path, message, handlers) => {
      let left = false;
      const end = call(path, message, {
        message: (bytes) => {
          if (!left) {
            handlers.message(bytes);
          }
        },
        ended: (status) => {
          if (!left) {
            handlers.ended(status);
          }
        },
      });
      return () => {
        left = true;
        end(grpcCode.cancelled);
      };
    },
    cut,
    close: () => {
      closed = true;
      cut();
    },
    get connected() {
      return session !== undefined && !session.destroyed && !session.connecting;
    },
  };
}
