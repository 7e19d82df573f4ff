import { ImageShowResponseSchema } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { imageLines, imageTitle } from "../show/image-lines.ts";

/** Flags of `farrier image show`. */
export interface ImageShowFlags extends ClientFlags, WatchFlags {}

/** `farrier image show` */
export async function imageShowAction(this: CliContext, flags: ImageShowFlags, reference: string): Promise<void> {
  const { images } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await images.imageShow({ image: reference });
    const { image } = message;
    if (image === undefined) {
      throw new CliError("failed", "the control plane's answer has no image: is it of another version?");
    }
    return answerOf({
      schema: ImageShowResponseSchema,
      message,
      names: () => [imageTitle(image)],
      text: ({ now }) => imageLines(image, now),
    });
  });
}
