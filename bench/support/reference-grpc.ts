import { type handleServerStreamingCall, Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { createServer, type Server } from "node:tls";
import { referenceTls } from "./reference-tls.ts";

const watchPath = "/farrier.agent.v1.AgentService/Watch";

/**
 * A plain grpc-js stream with its defaults: each connection's call is accepted, and waits. node:tls terminates TLS,
 * because grpc-js accepts no client certificate that no CA issued.
 */
export function referenceGrpc(): Server {
  const grpc = new GrpcServer();
  const asBytes = (value: Buffer): Buffer => value;
  // Never ended: the cost of holding it is what is measured.
  const waits: handleServerStreamingCall<Buffer, Buffer> = () => undefined;
  grpc.register(watchPath, waits, asBytes, asBytes, "serverStream");
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  return createServer({ ...referenceTls(), ALPNProtocols: ["h2"] }, (socket) => injector.injectConnection(socket));
}
