import type { Metadata, ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";
import type { Clock } from "../lib/clock.ts";
import type { EarlyAdmission } from "./admission/admission.ts";
import { firstBytesOnly } from "./admission/first-bytes.ts";
import { createPace, type Pace, type PacedCall } from "./admission/pace.ts";
import { pacing } from "./admission/pacing.ts";
import type { Addresses, Peer, Peers } from "./listener/peer.ts";
import { compressed, overloaded, unauthenticated, type Refusal } from "./refusal.ts";
import { ThinCall, type InboundListener, type NextCall as Next } from "./listener/thin-call.ts";

/** Bytes of a message that a call's flat rate covers. */
const smallMessage = 1 << 10;

/** The key under which a call's metadata has the call: the library hands on nothing else of it. */
const called = Symbol("call");
/** A call that has passed the interceptor, as its handler sees it. */
interface HandledCall {
  peer: Peer;
  whenEnded(ended: () => void): void;
}
interface Called {
  [called]?: HandledCall;
}

/** A call whose message has not arrived yet. */
interface AwaitedCall {
  /** Absent if the method needs no key. */
  peer?: Peer;
  /** True while the call waits in the line. */
  inLine?: boolean;
  sendStatus(refusal: Refusal): void;
  /** Answers that the message came too late. */
  endLate(): void;
}

/** Ignores everything. */
const unheard: InboundListener = {
  onReceiveMetadata: () => undefined,
  onReceiveMessage: () => undefined,
  onReceiveHalfClose: () => undefined,
  onCancel: () => undefined,
};

/**
 * The interceptor of every call on the agent port: it identifies the caller, and limits the time for the message to
 * arrive.
 */
export interface AgentCalls extends Disposable {
  interceptor: ServerInterceptor;
  /** The caller; only calls with a proven key reach a handler. */
  peer(metadata: Metadata): Peer;
  /** Calls `ended` once the call with this metadata has ended, for any reason. A second `ended` replaces the first. */
  whenEnded(metadata: Metadata, ended: () => void): void;
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
  const tooLate = {
    code: 4, // DEADLINE_EXCEEDED
    details: `the request did not arrive within ${requestArrival / 1000} s`,
  };
  const pace = createPace(clock);
  let guarded: { paths: ReadonlySet<string>; early: EarlyAdmission } | undefined;
  const gates = new Map<string, HeadersGate>();
  // One timer for all calls: a timer per call would cost more than the rest of the interceptor.
  const awaited = new Map<AwaitedCall, number>();
  const sweep = setInterval(() => {
    const late = clock.monotonic() - requestArrival;
    /** Their connections are closed; other awaited calls on these connections get the same answer. */
    const slow = new Set<Peer | AwaitedCall>();
    for (const [call, since] of awaited) {
      const caller = call.peer ?? call;
      if (call.inLine === true && since <= late && !slow.has(caller)) {
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

  /** A call on its way to its handler. It is its own listener and paced call: a further object for each would double its cost. */
  class AgentCall extends ThinCall implements InboundListener, PacedCall, AwaitedCall {
    readonly path: string;
    readonly peer: Peer;
    inLine = false;
    begun = false;
    #listener: InboundListener = unheard;
    #metadata: Metadata | undefined;
    #answered = false;
    #ended: (() => void) | undefined;

    constructor(next: Next, path: string, peer: Peer) {
      super(next);
      this.path = path;
      this.peer = peer;
    }

    override start(listener: InboundListener): void {
      this.#listener = listener;
      awaited.set(this, clock.monotonic());
      this.next.start(this);
    }

    onReceiveMetadata(metadata: Metadata & Called): void {
      const refusal = this.#refusedUnread();
      if (refusal !== undefined) {
        this.refuse(refusal);
        return;
      }
      metadata[called] = this;
      this.#metadata = metadata;
      this.inLine = !pace.arrive(this);
    }

    /** Refusals that the headers alone decide. */
    #refusedUnread(): Refusal | undefined {
      if (isCompressed(this.next)) {
        const trusted = guarded?.paths.has(this.path) === true && !guarded.early.needed(this.peer);
        if (!trusted) {
          return compressed;
        }
      }
      return gates.get(this.path)?.(this.peer, this.next.getConnectionInfo().remoteAddress ?? "");
    }

    /** The layer below asks for the message, so it is not read before the call starts. */
    begin(): void {
      if (guarded?.paths.has(this.path) === true && guarded.early.needed(this.peer)) {
        const { early } = guarded;
        firstBytesOnly(
          this.next,
          (beginning) => early.decide(this.peer, beginning),
          (refusal) => this.sendStatus(refusal),
        );
      }
      if (this.inLine) {
        this.inLine = false;
        awaited.delete(this);
        awaited.set(this, clock.monotonic());
      }
      if (this.#metadata !== undefined) {
        this.#listener.onReceiveMetadata(this.#metadata);
      }
    }

    refuse(refusal: Refusal): void {
      awaited.delete(this);
      this.sendStatus(refusal);
    }

    close(): void {
      options.late(this.next.getConnectionInfo());
    }

    onReceiveMessage(message: Buffer): void {
      if (message.length > smallMessage) {
        pace.charge(this.peer, message.length * pacing.perByte);
      }
      this.#listener.onReceiveMessage(message);
    }

    onReceiveHalfClose(): void {
      awaited.delete(this);
      this.#listener.onReceiveHalfClose();
    }

    /** Called once for every call, when its stream has ended. */
    onCancel(): void {
      awaited.delete(this);
      pace.leave(this, this.#answered);
      this.#ended?.();
      this.#listener.onCancel();
    }

    whenEnded(ended: () => void): void {
      this.#ended = ended;
    }

    endLate(): void {
      this.sendStatus(tooLate);
      this.close();
    }

    override sendStatus(status: Parameters<Next["sendStatus"]>[0]): void {
      this.#answered = true;
      this.next.sendStatus(status);
    }
  }

  /** A call of a method that needs no key: starts without waiting, but accepts small messages only. */
  class OpenCall extends ThinCall implements InboundListener, AwaitedCall {
    readonly #bytes: number;
    #listener: InboundListener = unheard;

    constructor(next: Next, bytes: number) {
      super(next);
      this.#bytes = bytes;
    }

    override start(listener: InboundListener): void {
      this.#listener = listener;
      // The library has one size limit for all methods; each call keeps its copy here.
      const { decoder } = this.next as unknown as { decoder: { maxReadMessageLength: number } };
      decoder.maxReadMessageLength = this.#bytes;
      awaited.set(this, clock.monotonic());
      this.next.start(this);
    }

    onReceiveMetadata(metadata: Metadata): void {
      if (isCompressed(this.next)) {
        awaited.delete(this);
        this.sendStatus(compressed);
      } else {
        this.#listener.onReceiveMetadata(metadata);
      }
    }

    onReceiveMessage(message: unknown): void {
      this.#listener.onReceiveMessage(message);
    }

    onReceiveHalfClose(): void {
      awaited.delete(this);
      this.#listener.onReceiveHalfClose();
    }

    onCancel(): void {
      awaited.delete(this);
      this.#listener.onCancel();
    }

    endLate(): void {
      this.sendStatus(tooLate);
      options.late(this.next.getConnectionInfo());
    }
  }

  /** A call without a proven key: answered before its message is read. */
  class StrangerCall extends ThinCall {
    override start(): void {
      refused();
      this.next.start(unheard);
      this.sendStatus(unauthenticated);
    }
  }

  function callOf(path: string, next: Next): ThinCall {
    const openBytes = options.open?.get(path);
    if (openBytes !== undefined) {
      return new OpenCall(next, openBytes);
    }
    const peer = peers.find(next.getConnectionInfo());
    return peer === undefined ? new StrangerCall(next) : new AgentCall(next, path, peer);
  }

  return {
    // The library calls only what the interface declares.
    interceptor: (method, next) => callOf(method.path, next) as unknown as ServerInterceptingCall,
    pace,
    guard: (paths, early) => {
      guarded = { paths: new Set(paths), early };
    },
    peer: (metadata) => callIn(metadata).peer,
    whenEnded: (metadata, ended) => callIn(metadata).whenEnded(ended),
    gate: (path, decide) => void gates.set(path, decide),
    [Symbol.dispose]: () => {
      clearInterval(sweep);
      pace[Symbol.dispose]();
    },
  };
}

function callIn(metadata: Metadata & Called): HandledCall {
  const call = metadata[called];
  if (call === undefined) {
    throw new Error("a call reached a handler without passing the interceptor");
  }
  return call;
}

function isCompressed(call: Next): boolean {
  // grpc-js removes the header from the metadata and keeps its value here.
  const { incomingEncoding = "identity" } = call as { incomingEncoding?: string };
  return incomingEncoding !== "identity";
}
