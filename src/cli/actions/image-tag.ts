import { randomUUID } from "node:crypto";
import { ImageTagResponseSchema } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { imageTitle } from "../show/image-lines.ts";

/** Flags of `farrier image tag`. */
export interface ImageTagFlags extends ClientFlags {
  remove: boolean | undefined;
  requestId: string | undefined;
}

/** `farrier image tag` */
export async function imageTagAction(
  this: CliContext,
  flags: ImageTagFlags,
  image: string,
  tag: string,
): Promise<void> {
  const { images } = await operatorClient(flags, this.process.env);
  const remove = flags.remove ?? false;
  const message = await images.imageTag({ requestId: flags.requestId ?? randomUUID(), image, tag, remove });
  const title = message.image === undefined ? image : imageTitle(message.image);
  answer(this, flags, {
    schema: ImageTagResponseSchema,
    message,
    names: () => [title],
    text: () => (remove ? `${image} has no tag ${tag} any more\n` : `${title} is ${tag}\n`),
  });
}
