import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ControllerPasswordResponseSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operatorClient } from "../call/client.ts";
import { operationEnded, resultText } from "../call/operation.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { secretFileRead } from "../line/secret-file.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier bmc password`. */
export interface BmcPasswordFlags extends ClientFlags {
  passwordFile: string | undefined;
  requestId: string | undefined;
}

/** `farrier bmc password` */
export async function bmcPasswordAction(this: CliContext, flags: BmcPasswordFlags, machine: string): Promise<void> {
  const { passwordFile } = flags;
  const password =
    passwordFile === undefined ? new Uint8Array() : await secretFileRead("--password-file", passwordFile);
  const client = await operatorClient(flags, this.process.env);
  const requestId = flags.requestId ?? randomUUID();
  const { operation } = await client.controllers.controllerPassword({ requestId, machine, password });
  const result = await operationEnded(client, operation);
  const credential = resultText(result, "credential");
  answer(this, flags, {
    schema: ControllerPasswordResponseSchema,
    message: create(ControllerPasswordResponseSchema, {
      operation: { machineId: operation?.machineId ?? "", result: result as never },
    }),
    names: () => [credential],
    text: () => `${machine} has a new password on its controller, stored in credential ${credential}\n`,
    ...(result["ownCredential"] === true
      ? { note: "the credential was made for it: other controllers use the credential before, and keep their password" }
      : {}),
  });
}
