// The reference of a figure, in its own process like the measured server.
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { DatabaseAddress } from "../../src/database/address/database-address.ts";
import { memory } from "./memory.ts";
import { serve } from "./processes.ts";
import { referenceGrpc } from "./reference-grpc.ts";
import { referenceHttp2 } from "./reference-http2.ts";
import { referencePush } from "./reference-push.ts";

type Order = { serve: "http2" | "grpc" } | { serve: "push"; database: DatabaseAddress } | "memory";

let server: Server | undefined;

async function start(order: Exclude<Order, "memory">): Promise<{ port: number }> {
  switch (order.serve) {
    case "http2":
      server = referenceHttp2();
      break;
    case "grpc":
      server = referenceGrpc();
      break;
    case "push":
      server = await referencePush(order.database);
      break;
  }
  // The same accept backlog as the agent port.
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}

async function handle(order: Order): Promise<unknown> {
  return order === "memory" ? memory() : await start(order);
}

serve(handle, async () => {
  server?.close();
  // Connections held by others must not keep the process alive.
  setTimeout(() => process.exit(0), 2_000).unref();
});
