import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { referenceTls } from "./reference-tls.ts";

const emptyMessage = Buffer.alloc(5);

/**
 * An empty call on bare node:http2: the same bytes in and out as for a heartbeat, in the same frames, without any
 * processing.
 */
export function referenceHttp2(): Http2SecureServer {
  const server = createSecureServer(referenceTls());
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.resume();
    stream.once("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(emptyMessage);
    });
  });
  return server;
}
