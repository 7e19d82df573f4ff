import type { Transport } from "@connectrpc/connect";
import { callUnaryMethod } from "@connectrpc/connect-query";
import { ControllerService, OperationState, type Operation } from "../../gen/farrier/operator/v1/controller_pb.ts";

/** Seconds that the server may hold one look at an operation. */
const waitSeconds = 10;

/** Waits until an operation has ended, and returns its result. @throws {Error} with the operation's cause if it failed */
export async function operationEnd(
  transport: Transport,
  operation: Operation | undefined,
): Promise<Record<string, unknown>> {
  for (let current = operation; current !== undefined;) {
    if (current.state === OperationState.SUCCEEDED) {
      return current.result ?? {};
    }
    if (current.state === OperationState.FAILED) {
      throw new Error(current.failedCause);
    }
    const request = { operationId: current.id, waitSeconds };
    ({ operation: current } = await callUnaryMethod(transport, ControllerService.method.operationShow, request));
  }
  throw new Error("the server's answer names no operation: it may be of another version");
}
