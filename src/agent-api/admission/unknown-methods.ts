import { status, type handleBidiStreamingCall, type Server } from "@grpc/grpc-js";

/** The entry of a method in grpc-js's internal table. */
interface Registered {
  func: handleBidiStreamingCall<Buffer, Buffer>;
  serialize: (value: Buffer) => Buffer;
  deserialize: (value: Buffer) => Buffer;
  type: "bidi";
  path: string;
}

const asIs = (value: Buffer): Buffer => value;

/**
 * Runs the interceptors for unknown methods too. grpc-js answers these before any interceptor, which would show callers
 * without a certificate which methods exist. This uses the library's internal table of methods, which no type declares.
 */
export function unknownMethods(server: Server): void {
  const { handlers } = server as unknown as { handlers: Map<string, Registered> };
  const known = handlers.get.bind(handlers);
  handlers.get = (path) => known(path) ?? unknownMethod(path);
}

/** Bidirectional streaming: it is answered without waiting for a message. */
function unknownMethod(path: string): Registered {
  return {
    func: (call) => {
      call.emit("error", {
        code: status.UNIMPLEMENTED,
        details: `The server does not implement the method ${path.slice(0, 200)}`,
      });
    },
    serialize: asIs,
    deserialize: asIs,
    type: "bidi",
    path,
  };
}
