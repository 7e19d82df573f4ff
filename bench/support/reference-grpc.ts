import { type handleServerStreamingCall, Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { createServer, type Server } from "node:tls";
import { referenceTls } from "./reference-tls.ts";

const watchPath = "/farrier.agent.v1.AgentService/Watch";

/**
 * A plain stream of grpc-js, with its own defaults: each connection's call is accepted, and waits. TLS is ended by node:tls, since
 * grpc-js takes no client certificate that no CA vouches for.
 */
export function referenceGrpc(): Server {
  const grpc = new GrpcServer();
  const asBytes = (value: Buffer): Buffer => value;
  // Never ended: what it costs to hold is what is measured.
  const waits: handleServerStreamingCall<Buffer, Buffer> = () => undefined;
  grpc.register(watchPath, waits, asBytes, asBytes, "serverStream");
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  return createServer({ ...referenceTls(), ALPNProtocols: ["h2"] }, (socket) => injector.injectConnection(socket));
}
