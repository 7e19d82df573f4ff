import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ProviderCheckResponseSchema } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { operatorClient } from "../call/client.ts";
import { operationEnded } from "../call/operation.ts";
import type { CliContext } from "../context.ts";
import { exitStatus } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { checkResultLines } from "../show/check-lines.ts";

/** Flags of `farrier provider check`. */
export type ProviderCheckFlags = ClientFlags;

/** `farrier provider check` */
export async function providerCheckAction(this: CliContext, flags: ProviderCheckFlags, name: string): Promise<void> {
  const client = await operatorClient(flags, this.process.env);
  const { operation } = await client.providers.providerCheck({ requestId: randomUUID(), provider: name });
  const result = await operationEnded(client, operation);
  answer(this, flags, {
    schema: ProviderCheckResponseSchema,
    message: create(ProviderCheckResponseSchema, { operation: { result: result as never } }),
    names: () => [name],
    text: () => checkResultLines(result).join(""),
  });
  if (result["ok"] !== true) {
    this.process.exitCode = exitStatus.failed;
  }
}
