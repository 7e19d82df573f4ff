import { randomUUID } from "node:crypto";
import { ImageDeleteResponseSchema } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier image delete`. */
export interface ImageDeleteFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier image delete` */
export async function imageDeleteAction(this: CliContext, flags: ImageDeleteFlags, image: string): Promise<void> {
  const { images } = await operatorClient(flags, this.process.env);
  const message = await images.imageDelete({ requestId: flags.requestId ?? randomUUID(), image });
  const { versions } = message;
  answer(this, flags, {
    schema: ImageDeleteResponseSchema,
    message,
    names: () => [image],
    text: () => `${image} deleted${versions > 1 ? ` (${versions} versions)` : ""}\n`,
  });
}
