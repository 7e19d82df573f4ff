import { status, type handleBidiStreamingCall, type Server } from "@grpc/grpc-js";

/** What grpc-js keeps of a method. */
interface Registered {
  func: handleBidiStreamingCall<Buffer, Buffer>;
  serialize: (value: Buffer) => Buffer;
  deserialize: (value: Buffer) => Buffer;
  type: "bidi";
  path: string;
}

const asIs = (value: Buffer): Buffer => value;

/**
 * Has the interceptors stand before methods that the server does not have, too. grpc-js answers those before any interceptor: who
 * has no certificate would learn which methods there are. Reaches into the library: its table of methods is in no type.
 */
export function unknownMethods(server: Server): void {
  const { handlers } = server as unknown as { handlers: Map<string, Registered> };
  const known = handlers.get.bind(handlers);
  handlers.get = (path) => known(path) ?? unknownMethod(path);
}

/** A stream both ways: it is answered without waiting for a message. */
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
