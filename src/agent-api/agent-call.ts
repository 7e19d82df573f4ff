import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from "@grpc/grpc-js";
import type { Clock } from "../lib/clock.ts";
import type { EarlyAdmission } from "./admission/admission.ts";
import { firstBytesOnly } from "./admission/first-bytes.ts";
import { createPace, type Pace, type PacedCall } from "./admission/pace.ts";
import { pacing } from "./admission/pacing.ts";
import type { Addresses, Peer, Peers } from "./listener/peer.ts";
import { compressed, overloaded, unauthenticated, type Refusal } from "./refusal.ts";

type Next = ConstructorParameters<typeof ServerInterceptingCall>[0];
type InboundListener = Parameters<ServerInterceptingCall["start"]>[0];

/** Bytes of a message that a call's flat rate covers. */
const smallMessage = 1 << 10;

/**
 * The interceptor of every call on the agent port: it identifies the caller, and limits the time for the message to
 * arrive.
 */
export interface AgentCalls extends Disposable {
  interceptor: ServerInterceptor;
  /** The caller; only calls with a proven key reach a handler. */
  peer(metadata: Metadata): Peer;
  /** The pace at which callers' calls start. */
  pace: Pace;
  /** For these methods, receives only the beginning of messages until the caller is authenticated. */
  guard(paths: readonly string[], early: EarlyAdmission): void;
  /** Decides calls of this method by their headers, before any of their message is received. */
  gate(path: string, decide: HeadersGate): void;
}

/** Decides by a call's headers; undefined lets it go on. `from`: the caller's address. */
export type HeadersGate = (peer: Peer, from: string) => Refusal | undefined;

/**
 * Creates the interceptor. A caller without a proven key is answered before its message is read. A call whose message
 * does not arrive in time is cut off.
 */
export function agentCalls(options: {
  peers: Peers;
  clock: Clock;
  /** Methods that need no key, by path, with the maximum size of their messages in bytes. */
  open?: ReadonlyMap<string, number>;
  /** Milliseconds within which a request's message must arrive. */
  requestArrival: number;
  /** Called for every call without a proven key. */
  refused: () => void;
  /**
   * Called for every connection that was too slow: an answered call that its caller does not end would keep it open.
   */
  late: (connection: Addresses) => void;
}): AgentCalls {
  const { peers, clock, requestArrival, refused } = options;
  const callers = new WeakMap<Metadata, Peer>();
  const pace = createPace(clock);
  let guarded: { paths: ReadonlySet<string>; early: EarlyAdmission } | undefined;
  const gates = new Map<string, HeadersGate>();
  // One timer for all calls: a timer per call would cost more than the rest of the interceptor.
  const awaited = new Map<AgentCall, number>();
  const sweep = setInterval(() => {
    const late = clock.monotonic() - requestArrival;
    /** Their connections are closed; other awaited calls on these connections get the same answer. */
    const slow = new Set<Peer | AgentCall>();
    for (const [call, since] of awaited) {
      const caller = call.peer ?? call;
      if (call.inLine && since <= late && !slow.has(caller)) {
        // The call is still in line, because its caller calls too fast, not too slowly.
        awaited.delete(call);
        call.sendStatus(overloaded());
      } else if (since <= late || slow.has(caller)) {
        slow.add(caller);
        awaited.delete(call);
        call.endLate();
      } else if (slow.size === 0) {
        break;
      }
    }
  }, 1_000);
  sweep.unref();

  class AgentCall extends ServerInterceptingCall {
    readonly #next: Next;
    readonly path: string;
    /** The connection's peer; undefined until the call has started. */
    peer: Peer | undefined;
    /** True while the call waits in the line. */
    inLine = false;
    #answered = false;

    constructor(path: string, next: Next) {
      super(next);
      this.path = path;
      this.#next = next;
    }

    override start(listener: InboundListener): void {
      const openBytes = options.open?.get(this.path);
      if (openBytes !== undefined) {
        this.#startOpen(listener, openBytes);
        return;
      }
      const peer = peers.find(this.#next.getConnectionInfo());
      if (peer === undefined) {
        refused();
        this.#next.start({
          onReceiveMetadata: () => undefined,
          onReceiveMessage: () => undefined,
          onReceiveHalfClose: () => undefined,
          onCancel: () => undefined,
        });
        this.#next.sendStatus(unauthenticated);
        return;
      }
      this.peer = peer;
      awaited.set(this, clock.monotonic());
      let begin: (() => void) | undefined;
      const paced: PacedCall = {
        peer,
        path: this.path,
        begin: () => {
          this.#guard(peer);
          if (this.inLine) {
            this.inLine = false;
            awaited.delete(this);
            awaited.set(this, clock.monotonic());
          }
          begin?.();
        },
        refuse: (refusal) => {
          awaited.delete(this);
          this.sendStatus(refusal);
        },
        close: () => options.late(this.#next.getConnectionInfo()),
      };
      this.#next.start({
        onReceiveMetadata: (metadata) => {
          const refusal = this.#refusedUnread(peer);
          if (refusal !== undefined) {
            paced.refuse(refusal);
            return;
          }
          callers.set(metadata, peer);
          // The layer below asks for the message, so it is not read before the call starts.
          begin = () => listener.onReceiveMetadata(metadata);
          this.inLine = !pace.arrive(paced);
        },
        onReceiveMessage: (message: Buffer) => {
          if (message.length > smallMessage) {
            pace.charge(peer, message.length * pacing.perByte);
          }
          listener.onReceiveMessage(message);
        },
        onReceiveHalfClose: () => {
          awaited.delete(this);
          listener.onReceiveHalfClose();
        },
        // Called once for every call, when its stream has ended.
        onCancel: () => {
          awaited.delete(this);
          pace.leave(paced, this.#answered);
          listener.onCancel();
        },
      });
    }

    /** Refusals that the headers alone decide. */
    #refusedUnread(peer: Peer): Refusal | undefined {
      const trusted = guarded?.paths.has(this.path) === true && !guarded.early.needed(peer);
      if (!trusted && this.#isCompressed()) {
        return compressed;
      }
      return gates.get(this.path)?.(peer, this.#next.getConnectionInfo().remoteAddress ?? "");
    }

    #isCompressed(): boolean {
      // grpc-js removes the header from the metadata and keeps its value here.
      const { incomingEncoding = "identity" } = this.#next as { incomingEncoding?: string };
      return incomingEncoding !== "identity";
    }

    #guard(peer: Peer): void {
      if (guarded?.paths.has(this.path) === true && guarded.early.needed(peer)) {
        const { early } = guarded;
        firstBytesOnly(
          this.#next,
          (beginning) => early.decide(peer, beginning),
          (refusal) => this.sendStatus(refusal),
        );
      }
    }

    /** For a method that needs no key: starts without waiting, but accepts small messages only. */
    #startOpen(listener: InboundListener, bytes: number): void {
      // The library has one size limit for all methods; each call keeps its copy here.
      const { decoder } = this.#next as unknown as { decoder: { maxReadMessageLength: number } };
      decoder.maxReadMessageLength = bytes;
      awaited.set(this, clock.monotonic());
      this.#next.start({
        onReceiveMetadata: (metadata) => {
          if (this.#isCompressed()) {
            awaited.delete(this);
            this.sendStatus(compressed);
          } else {
            listener.onReceiveMetadata(metadata);
          }
        },
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveHalfClose: () => {
          awaited.delete(this);
          listener.onReceiveHalfClose();
        },
        onCancel: () => {
          awaited.delete(this);
          listener.onCancel();
        },
      });
    }

    endLate(): void {
      this.sendStatus({
        code: 4, // DEADLINE_EXCEEDED
        details: `the request did not arrive within ${requestArrival / 1000} s`,
      });
      options.late(this.#next.getConnectionInfo());
    }

    // Nothing is changed on the way out, so the base class's bookkeeping for interceptors is skipped.
    override sendMetadata(metadata: Metadata): void {
      this.#next.sendMetadata(metadata);
    }

    override sendMessage(message: unknown, callback: () => void): void {
      this.#next.sendMessage(message, callback);
    }

    override sendStatus(status: Parameters<ServerInterceptingCall["sendStatus"]>[0]): void {
      this.#answered = true;
      this.#next.sendStatus(status);
    }
  }

  return {
    interceptor: (method, call) => new AgentCall(method.path, call),
    pace,
    guard: (paths, early) => {
      guarded = { paths: new Set(paths), early };
    },
    gate: (path, decide) => void gates.set(path, decide),
    peer: (metadata) => {
      const peer = callers.get(metadata);
      if (peer === undefined) {
        throw new Error("a call reached a handler without passing the interceptor");
      }
      return peer;
    },
    [Symbol.dispose]: () => {
      clearInterval(sweep);
      pace[Symbol.dispose]();
    },
  };
}
