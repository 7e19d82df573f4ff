import { randomUUID } from "node:crypto";
import {
  type ProviderAcceptResponse,
  ProviderAcceptResponseSchema,
} from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { counted } from "../../lib/format/counted.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier provider accept`. */
export interface ProviderAcceptFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier provider accept` */
export async function providerAcceptAction(this: CliContext, flags: ProviderAcceptFlags, name: string): Promise<void> {
  const { providers } = await operatorClient(flags, this.process.env);
  const message = await providers.providerAccept({ requestId: flags.requestId ?? randomUUID(), provider: name });
  answer(this, flags, {
    schema: ProviderAcceptResponseSchema,
    message,
    names: () => [name],
    text: () => `${name}: ${acceptedText(message)}\n`,
    note: `a shepherd takes the list within some seconds, and the provider's work goes on: \`farrier provider show ${name}\``,
  });
}

function acceptedText({ gone, changed }: ProviderAcceptResponse): string {
  return `${counted(gone, "machine")} ${gone === 1 ? "is" : "are"} gone, ${changed === 1 ? "1 is another" : `${changed} are others`}`;
}
