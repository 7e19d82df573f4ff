import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { agentKey } from "../../database/ids.ts";
import { agentRegister } from "../../database/queries/agent/agent.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
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
      const { machine, publicKey, replace } = validate(registerRequest, request);
      const machineId = await machineOf(database, machine);
      await agentRegister(database, {
        ...operatorCommand(context, request, machineId),
        publicKey,
        replace,
      });
      return {
        machineId,
        endpoint: agents.endpoint,
        caCertificate: Uint8Array.from(agents.caCertificate),
      };
    },
  };
}
