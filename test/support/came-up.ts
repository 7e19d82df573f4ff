import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ProfileSpecSchema } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { agentFeatures } from "../../src/agent/features.ts";
import { seedFiles } from "../../src/agent/install/fit/seed.ts";
import type { OperatorClient } from "../../src/cli/call/client.ts";
import type { AgentClient } from "./agent-client.ts";
import type { Fleet } from "./fleet.ts";

/** A ready image "debian", and a profile "web" that installs it and expects a report of the installed system. */
export async function expectingProfileMake(
  fleet: Pick<Fleet, "rows">,
  { images, profiles }: Pick<OperatorClient, "images" | "profiles">,
): Promise<void> {
  await images.imageAdd({ requestId: randomUUID(), name: "debian", url: "https://images.example.org/debian.raw" });
  await fleet.rows(
    `UPDATE image_version SET state = 'ready', digest = $1, ready_at = now(), facts = '{"unpackedBytes": 1000}'`,
    `sha256:${"ab".repeat(32)}`,
  );
  const spec: MessageInitShape<typeof ProfileSpecSchema> = {
    image: "debian",
    rootDisk: { serialNumber: "S1" },
    expect: { cameUp: true, withinSeconds: 600 },
  };
  await profiles.profileApply({ requestId: randomUUID(), name: "web", spec });
}

/** What a request's agent writes into the seed as vendor data; "" if it writes none. @throws if nothing is handed out */
export async function handedOut(
  agent: AgentClient,
  machineId: string,
): Promise<{ generation: bigint; vendorData: string }> {
  const { installationRequest: request } = await agent.heartbeat({ feature: [...agentFeatures] });
  if (request?.type.case !== "image") {
    throw new Error("the agent was handed out no image");
  }
  const { generation } = request;
  const seed = seedFiles(request.type.value, { machineId, generation });
  return {
    generation,
    vendorData: Buffer.from(seed.find(({ name }) => name === "vendor-data")?.data ?? []).toString(),
  };
}
