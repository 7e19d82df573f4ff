import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { ControllerService } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operationId as toOperationId } from "../../database/ids.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { operationShow } from "../../database/queries/controller/operation.ts";
import { systemClock } from "../../lib/clock.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operationMessage } from "../messages/operation-message.ts";
import { validate } from "../requests/validate.ts";

const showRequest = z.object({
  operationId: z.string().refine(isUuid, "expected an operation's UUID").transform(toOperationId),
  waitSeconds: z.int().min(0, "expected 0 to 30").max(30, "expected 0 to 30"),
});

/** Milliseconds between looks where no notification says that it has ended. */
const look = 2_000;

/** Shows an operation, at once or when it has ended. */
export function operationShowHandler({
  database,
  operationFeed,
  stopping,
  clock = systemClock,
}: OperatorApiDependencies): ServiceImpl<typeof ControllerService>["operationShow"] {
  return async (request, context) => {
    const { operationId, waitSeconds } = validate(showRequest, request);
    const end = clock.monotonic() + waitSeconds * 1000;
    const signal = stopping === undefined ? context.signal : AbortSignal.any([context.signal, stopping]);
    for (;;) {
      const hint = operationFeed.next();
      const operation = await operationShow(database, operationId);
      const left = end - clock.monotonic();
      if (operation.ended !== undefined || left <= 0 || signal.aborted) {
        return { operation: operationMessage(operation) };
      }
      await hint.wait(Math.min(look, left), signal);
    }
  };
}
