import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { JsonObject } from "@bufbuild/protobuf";
import {
  type Operation as OperationMessage,
  OperationSchema,
  OperationState,
} from "../../../gen/farrier/operator/v1/controller_pb.ts";
import type { Operation } from "../../database/queries/controller/operation.ts";

/** An operation as operators see it. */
export function operationMessage(operation: Operation): OperationMessage {
  const { ended } = operation;
  return create(OperationSchema, {
    id: operation.operationId,
    state: stateOf(operation),
    machineId: operation.machineId ?? "",
    askedAt: timestampFromDate(operation.askedAt),
    ...(ended === undefined ? {} : { endedAt: timestampFromDate(ended.at) }),
    ...(ended !== undefined && "code" in ended ? { failedCode: ended.code, failedCause: ended.cause } : {}),
    // It was JSON in the database.
    ...(ended !== undefined && "result" in ended ? { result: ended.result as JsonObject } : {}),
  });
}

function stateOf({ ended, held }: Operation): OperationState {
  if (ended === undefined) {
    return held ? OperationState.RUNNING : OperationState.WAITING;
  }
  return "code" in ended ? OperationState.FAILED : OperationState.SUCCEEDED;
}
