import { type Operation, OperationState } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { systemClock } from "../../lib/clock.ts";
import { CliError } from "../errors.ts";
import type { OperatorClient } from "./client.ts";
import { patiently } from "./patience.ts";

/** Seconds that one call waits for the end of an operation: well below the time limit of a call. */
const waitSeconds = 20;

/**
 * Waits until an operation has ended well; its result.
 * @throws {CliError} `failed` with what it failed with
 */
export async function operationEnded(
  { controllers }: OperatorClient,
  begun: Operation | undefined,
): Promise<Record<string, unknown>> {
  let operation = begun;
  for (;;) {
    switch (operation?.state) {
      case OperationState.SUCCEEDED:
        return operation.result ?? {};
      case OperationState.FAILED:
        throw new CliError("failed", operation.failedCause);
      case OperationState.WAITING:
      case OperationState.RUNNING:
        operation = await shown(controllers, operation.id);
        break;
      case OperationState.UNSPECIFIED:
      case undefined:
        throw new CliError("failed", "the control plane's answer names no operation: is it of another version?");
    }
  }
}

/** A text of a result; "" where it is none. */
export function resultText(result: Record<string, unknown>, key: string): string {
  const value = result[key];
  return typeof value === "string" ? value : "";
}

/** The operation as it is, or when it has ended. While the control plane is away, it waits for that. */
async function shown(controllers: OperatorClient["controllers"], operationId: string): Promise<Operation | undefined> {
  const look = async () => (await controllers.operationShow({ operationId, waitSeconds })).operation;
  return patiently(look, systemClock, (note) => process.stderr.write(`${note}\n`));
}
