import { create } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { ed25519KeyPair } from "../../../src/lib/tls/ed25519.ts";
import { agentClient, identityOf } from "../../support/agent-client.ts";
import type { ConsoleServer } from "./console-server.ts";

/** What an agent says about its machine. */
export interface AskingAgent {
  serialNumber: string;
  smbiosUuid?: string;
  macs?: readonly string[];
  token?: string;
}

/** An agent of a key that nobody knows asks to enrol, once. */
export async function agentAsks(server: ConsoleServer, agent: AskingAgent): Promise<void> {
  using client = agentClient(Number(server.agents.split(":").at(-1)), identityOf(ed25519KeyPair()));
  await client.enroll({
    token: agent.token ?? "",
    smbiosUuid: agent.smbiosUuid ?? "",
    mac: (agent.macs ?? []).map((mac) => Uint8Array.from(Buffer.from(mac.replaceAll(":", ""), "hex"))),
    hardwareReport: create(AgentHardwareReportSchema, {
      report: { manufacturer: "Dell Inc.", product: "PowerEdge R650", serialNumber: agent.serialNumber } as never,
    }),
  });
}
