import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Actor } from "../../database/actor.ts";
import { requestId, type MachineId } from "../../database/ids.ts";
import type { OperatorCommand } from "../../database/operator-command.ts";
import { operatorKey } from "../caller/identity.ts";
import { bodyDigest } from "./body-digest.ts";

/**
 * The record of a command, by which its repetition is answered and not carried out again. Its name is the method's:
 * MachineAdd is `machine_add`. To be called after the request was checked.
 */
export function operatorCommand(
  context: HandlerContext,
  request: Message & { requestId: string },
  machineId: MachineId,
): OperatorCommand & { actor: Actor } {
  const { name, input } = context.method;
  return {
    machineId,
    requestId: requestId(request.requestId),
    command: commandName(name),
    bodyDigest: bodyDigest(input, request, machineId),
    actor: context.values.get(operatorKey),
  };
}

/** A method's name in the style of PostgreSQL's names. Pure. */
export function commandName(method: string): string {
  return method.replaceAll(/(?<=[a-z])[A-Z]/gu, "_$&").toLowerCase();
}
