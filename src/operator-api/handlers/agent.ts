import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { AgentRegisterRequestSchema, type AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { agentKey } from "../../database/ids.ts";
import { agentRegister } from "../../database/queries/agent/agent.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorKey } from "../caller/identity.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { machineField, requestIdField, validate } from "../requests/validate.ts";

const registerRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  publicKey: z
    .custom<Uint8Array>(
      (value) => value instanceof Uint8Array && value.length === 32,
      "expected the 32 bytes of an Ed25519 public key",
    )
    .transform(agentKey),
  replace: z.boolean(),
});

/** The handlers of AgentKeyService. */
export function agentHandlers({ database, agents }: OperatorApiDependencies): ServiceImpl<typeof AgentKeyService> {
  return {
    async agentRegister(request, context) {
      const { requestId, machine, publicKey, replace } = validate(registerRequest, request);
      const machineId = await machineOf(database, machine);
      await agentRegister(database, {
        machineId,
        requestId,
        command: "agent_register",
        bodyDigest: bodyDigest(AgentRegisterRequestSchema, request, machineId),
        publicKey,
        replace,
        actor: context.values.get(operatorKey),
      });
      return {
        machineId,
        endpoint: agents.endpoint,
        caCertificate: Uint8Array.from(agents.caCertificate),
      };
    },
  };
}
