import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  type ControllerService,
  MachineBootRequestSchema,
  MachineIdentifyRequestSchema,
  MachinePowerRequestSchema,
  MachineStartAgentRequestSchema,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";

import { bootTargetWords, powerCommandWords } from "../../contract/words/power.ts";
import type { MachineId, RequestId } from "../../database/ids.ts";
import { startAllowOnce } from "../../database/queries/agent/start-allowed.ts";
import { type OperationAsked, operationAsk } from "../../database/queries/controller/operation.ts";
import { powerStopCheck } from "../../database/queries/controller/power-stop.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operationMessage } from "../messages/operation-message.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import { bootByField } from "../requests/boot-by.ts";
import { machineOf, machineThere } from "../requests/machine-reference.ts";
import { machineField, requestIdField, validate } from "../requests/validate.ts";
import { wordField } from "../requests/word-field.ts";

const named = { requestId: requestIdField, machine: machineField };
const powerRequest = z.object({
  ...named,
  command: wordField(powerCommandWords, "expected one of status, on, off, soft-off, cycle, reset and nmi"),
  confirmed: z.boolean(),
});
const bootRequest = z.object({
  ...named,
  target: wordField(bootTargetWords, "expected one of network, disk, http, media and setup"),
  once: z.boolean(),
});
const identifyRequest = z.object({ ...named, on: z.boolean() });
const startAgentRequest = z.object({ ...named, bootBy: bootByField });

/** What operators call about a machine's power, boot source and light. */
export function machinePowerHandlers({
  database,
}: OperatorApiDependencies): Pick<
  ServiceImpl<typeof ControllerService>,
  "machinePower" | "machineBoot" | "machineIdentify" | "machineStartAgent"
> {
  async function ask(
    context: HandlerContext,
    command: { requestId: RequestId; machineId: MachineId; bodyDigest: Uint8Array },
    asked: OperationAsked,
  ) {
    const askedBy = context.values.get(operatorKey).name;
    return { operation: operationMessage(await operationAsk(database, { ...command, asked, askedBy })) };
  }

  return {
    async machinePower(request, context) {
      const { requestId, machine, command, confirmed } = validate(powerRequest, request);
      const machineId = await machineThere(database, machine);
      await powerStopCheck(database.kysely, machineId, { command, confirmed });
      const digest = bodyDigest(MachinePowerRequestSchema, request, machineId);
      return ask(context, { requestId, machineId, bodyDigest: digest }, { kind: "power", command, confirmed });
    },

    async machineBoot(request, context) {
      const { requestId, machine, target, once } = validate(bootRequest, request);
      const machineId = await machineThere(database, machine);
      const digest = bodyDigest(MachineBootRequestSchema, request, machineId);
      return ask(context, { requestId, machineId, bodyDigest: digest }, { kind: "boot", target, once });
    },

    async machineIdentify(request, context) {
      const { requestId, machine, on } = validate(identifyRequest, request);
      const machineId = await machineThere(database, machine);
      const digest = bodyDigest(MachineIdentifyRequestSchema, request, machineId);
      return ask(context, { requestId, machineId, bodyDigest: digest }, { kind: "identify", on });
    },

    async machineStartAgent(request, context) {
      const { requestId, machine, bootBy } = validate(startAgentRequest, request);
      const machineId = await machineOf(database, machine);
      await startAllowOnce(database, {
        ...(bootBy === "" ? {} : { bootBy }),
        machineId,
        requestId,
        command: "machine_start_agent",
        bodyDigest: bodyDigest(MachineStartAgentRequestSchema, request, machineId),
        actor: context.values.get(operatorKey),
      });
      return { machineId };
    },
  };
}
