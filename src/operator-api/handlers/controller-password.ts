import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  ControllerPasswordRequestSchema,
  type ControllerService,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operationAsk } from "../../database/queries/controller/operation.ts";
import { passwordChangeFree } from "../../database/queries/controller/operation-password.ts";
import { operationId } from "../../database/ids.ts";
import { operationPasswordPlace } from "../../secrets/credential-open.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operationMessage } from "../messages/operation-message.ts";
import { machineThere } from "../requests/machine-reference.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { machineField, requestIdField, validate } from "../requests/validate.ts";
import { secretProblem } from "../requests/validate-secret.ts";

const passwordRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  password: z.instanceof(Uint8Array),
});

/** The handler of ControllerPassword: a shepherd changes the password; until then the new one is sealed with the operation. */
export function controllerPasswordHandler({
  database,
  secrets,
}: OperatorApiDependencies): ServiceImpl<typeof ControllerService>["controllerPassword"] {
  return async (request, context) => {
    const { requestId, machine, password } = validate(passwordRequest, request);
    const problem = password.length === 0 ? undefined : secretProblem("bmc", password);
    if (problem !== undefined) {
      throw new ConnectError(`password: ${problem}`, Code.InvalidArgument);
    }
    const machineId = await machineThere(database, machine);
    const [bodyDigest, ...earlierDigests] = secretDigests(secrets, ControllerPasswordRequestSchema, request, machineId);
    const place = operationPasswordPlace(operationId(requestId));
    const operation = await operationAsk(database, {
      requestId,
      bodyDigest,
      earlierDigests,
      machineId,
      askedBy: context.values.get(operatorKey).name,
      asked: { kind: "password" },
      guard: (tx) => passwordChangeFree(tx, machineId),
      ...(password.length === 0 ? {} : { sealedPassword: secrets.seal(place, password) }),
    });
    return { operation: operationMessage(operation) };
  };
}
