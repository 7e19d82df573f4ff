import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ControllerCheckResponseSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operatorClient } from "../call/client.ts";
import { operationEnded } from "../call/operation.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { checkResultLines } from "../show/check-lines.ts";

/** Flags of `farrier bmc check`. */
export interface BmcCheckFlags extends ClientFlags {
  media: boolean | undefined;
}

/** `farrier bmc check` */
export async function bmcCheckAction(this: CliContext, flags: BmcCheckFlags, machine: string): Promise<void> {
  const client = await operatorClient(flags, this.process.env);
  const { operation } = await client.controllers.controllerCheck({
    requestId: randomUUID(),
    machine,
    media: flags.media === true,
  });
  const result = await operationEnded(client, operation);
  answer(this, flags, {
    schema: ControllerCheckResponseSchema,
    message: create(ControllerCheckResponseSchema, {
      operation: { machineId: operation?.machineId ?? "", result: result as never },
    }),
    names: () => [operation?.machineId ?? ""],
    text: () => checkResultLines(result).join(""),
  });
  if (result["ok"] !== true) {
    this.process.exitCode = exitStatus.failed;
  }
}
