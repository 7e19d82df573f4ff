import type { DescMessage } from "@bufbuild/protobuf";
import {
  status,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import type { Admission } from "./admission.ts";
import type { AgentCalls } from "../agent-call.ts";
import { machineNamed } from "./machine-named.ts";
import type { Refusal } from "../refusal.ts";
import type { RefusalLog } from "../refusal-log.ts";

/** The metrics label of a call that was not admitted. */
export type NotAdmitted = "unauthenticated" | "invalid" | "unavailable";

/** What the wrappers around handlers of calls that name a machine need. */
export interface AdmittedOptions {
  calls: AgentCalls;
  admission: Admission;
  refusals: RefusalLog;
  /** The method's name in logged refusals. */
  method: string;
  /** The request's message type. */
  schema: DescMessage;
  refused: (answer: NotAdmitted) => void;
}

/** Wraps a handler so that only calls of the named machine's agent reach it, with a message that may be decoded. */
export function admittedUnary(
  options: AdmittedOptions,
  handler: handleUnaryCall<Buffer, Buffer>,
): handleUnaryCall<Buffer, Buffer> {
  return (call, respond) =>
    before(
      options,
      call,
      () => handler(call, respond),
      (refusal) => respond(refusal),
    );
}

/** The same wrapper for a server-streaming method. */
export function admittedStream(
  options: AdmittedOptions,
  handler: handleServerStreamingCall<Buffer, Buffer>,
): handleServerStreamingCall<Buffer, Buffer> {
  return (call) =>
    before(
      options,
      call,
      () => handler(call),
      (refusal) => call.emit("error", refusal),
    );
}

function before(
  options: AdmittedOptions,
  call: ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
  go: () => void,
  end: (refusal: Refusal) => void,
): void {
  const peer = options.calls.peer(call.metadata);
  const decide = (refusal: Refusal | undefined): void => {
    if (call.cancelled) {
      return;
    }
    if (refusal === undefined) {
      // Decoding is the expensive part: the handler's first step, until it waits for the database.
      const began = performance.now();
      go();
      options.calls.pace.charge(peer, performance.now() - began);
      return;
    }
    options.refused(
      refusal.code === status.UNAUTHENTICATED
        ? "unauthenticated"
        : refusal.code === status.INVALID_ARGUMENT
          ? "invalid"
          : "unavailable",
    );
    const machine = machineNamed(call.request);
    options.refusals.record(options.method, peer, refusal.details, typeof machine === "string" ? machine : undefined);
    if (refusal.code === status.UNAUTHENTICATED && typeof machine === "string") {
      options.refusals.stranger(peer, machine, call.getPeer());
    }
    end(refusal);
  };
  const refusal = options.admission.admit(peer, call.request, options.schema);
  if (refusal instanceof Promise) {
    void refusal.then(decide);
  } else {
    decide(refusal);
  }
}
