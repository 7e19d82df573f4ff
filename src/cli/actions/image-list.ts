import { create } from "@bufbuild/protobuf";
import { ImageListResponseSchema } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { imageProgressWords, imageStateWord, imageTitle } from "../show/image-lines.ts";

/** Flags of `farrier image list`. */
export interface ImageListFlags extends ClientFlags, WatchFlags, PageFlags {
  name: string | undefined;
}

/** `farrier image list` */
export async function imageListAction(this: CliContext, flags: ImageListFlags): Promise<void> {
  const { images } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await images.imageList({ ...page, name: flags.name ?? "" });
      return { items: response.images, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: ImageListResponseSchema,
      message: create(ImageListResponseSchema, { images: items, nextPageToken }),
      names: () => items.map((image) => imageTitle(image)),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["IMAGE", "STATE", "TAGS", "SIZE", "BOOTS BY", "FOR", "CLOUD-INIT", "ADDED"],
              items.map((image) => {
                const { facts, progress } = image;
                return [
                  imageTitle(image),
                  progress === undefined ? imageStateWord(image.state) : imageProgressWords(progress, now),
                  image.tags.join(","),
                  facts === undefined ? "" : bytesText(facts.unpackedBytes),
                  facts?.bootsBy.join(",") ?? "",
                  facts?.architectures.join(",") ?? "",
                  facts?.cloudInit.replaceAll("-", " ") ?? "",
                  when(image.createdAt, now),
                ];
              }),
            ),
      note: items.length === 0 ? "no images: `farrier image add --help` says how to add one" : more,
    });
  });
}
