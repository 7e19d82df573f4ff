import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { MachineService, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { ConsoleServer } from "./console-server.ts";

/** Adds a machine by hand. */
export async function machineAdded(
  server: Pick<ConsoleServer, "transport">,
  name: string,
  labels: Record<string, string> = {},
): Promise<Machine> {
  const { machine } = await createClient(MachineService, server.transport).machineAdd({
    requestId: randomUUID(),
    provider: "static",
    providerId: name,
    name,
    labels,
  });
  if (machine === undefined) {
    throw new Error("the server answered without a machine");
  }
  return machine;
}

/** Quarantines a machine, which is a change of its state that needs no agent. */
export async function machineQuarantined(server: Pick<ConsoleServer, "transport">, machine: string): Promise<void> {
  const client = createClient(MachineService, server.transport);
  await client.machineQuarantine({ requestId: randomUUID(), machine, reason: "looked at by a test" });
}
