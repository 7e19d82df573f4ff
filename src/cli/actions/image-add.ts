import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ImageAddResponseSchema, ImageState, type CatalogueImage } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { imageDigest, imageDigestExpected, imageReference } from "../../contract/image-reference.ts";
import { systemClock } from "../../lib/clock.ts";
import { defined } from "../../lib/defined.ts";
import { printable } from "../../lib/format/printable.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { operatorClient, type OperatorClient } from "../call/client.ts";
import { interruptedStatus, untilInterrupted } from "../call/interrupt.ts";
import { patiently } from "../call/patience.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { imageBytes, type ImageBytesFlags } from "../install/image-bytes.ts";
import { imageDigestFrom, type ImageDigestFromFlags } from "../install/image-digest-from.ts";
import { answer } from "../show/answer.ts";
import { imageProgressWords, imageTitle } from "../show/image-lines.ts";

/** Flags of `farrier image add`. */
export interface ImageAddFlags extends ClientFlags, ImageBytesFlags, ImageDigestFromFlags {
  url: string;
  cache: boolean | undefined;
  public: boolean | undefined;
  wait: boolean | undefined;
  requestId: string | undefined;
}

/** Milliseconds between two looks at an image that is being fetched. */
const pace = 1_000;

/** `farrier image add` */
export async function imageAddAction(this: CliContext, flags: ImageAddFlags, name: string): Promise<void> {
  const { stderr } = this.process;
  const reference = imageReference(flags.url);
  if (reference.kind === "invalid") {
    throw new CliError("usage", `--url "${shownUrl(flags.url)}": expected ${reference.expected}`);
  }
  if (flags.digest !== undefined && imageDigest(flags.digest) === undefined) {
    throw new CliError("usage", `--digest "${flags.digest}": expected ${imageDigestExpected}`);
  }
  if (flags.digest === undefined && reference.kind === "oci") {
    throw new CliError("usage", "--digest is missing: an image in a registry needs the digest of its one layer");
  }
  if (flags.public === true && flags.cache !== true) {
    throw new CliError("usage", "--public needs --cache: only bytes in a cache are given to anybody");
  }
  const bytes = await imageBytes(flags);
  const digestFrom = await imageDigestFrom(flags);
  const client = await operatorClient(flags, this.process.env);
  const added = await client.images.imageAdd({
    requestId: flags.requestId ?? randomUUID(),
    name,
    url: flags.url,
    digest: flags.digest ?? "",
    ...bytes,
    ...defined({ digestFrom }),
    cache: flags.cache ?? false,
    isPublic: flags.public ?? false,
  });
  let image = added.image;
  if (flags.wait === true && image !== undefined) {
    const waited = await untilInterrupted(imageWait(client, image, (text) => stderr.write(`${printable(text)}\n`)));
    if (waited === "interrupted") {
      stderr.write(
        `farrier: waiting was interrupted; the server goes on: \`farrier image show ${imageTitle(image)}\` shows how far it is\n`,
      );
      this.process.exitCode = interruptedStatus;
      return;
    }
    image = waited;
  }
  answer(this, flags, {
    schema: ImageAddResponseSchema,
    message: create(ImageAddResponseSchema, defined({ image })),
    names: () => (image === undefined ? [] : [imageTitle(image)]),
    text: () =>
      image === undefined ? "" : `${imageTitle(image)} ${image.state === ImageState.READY ? "is ready" : "added"}\n`,
    note:
      image?.state === ImageState.FETCHING
        ? `the server fetches it now: \`farrier image show ${imageTitle(image)}\` shows how far it is`
        : undefined,
  });
}

/** Waits until the image is ready. @throws {CliError} `failed` if it can't be used */
async function imageWait(
  { images }: OperatorClient,
  added: CatalogueImage,
  note: (text: string) => void,
): Promise<CatalogueImage> {
  let last = "";
  for (;;) {
    const { image } = await patiently(() => images.imageShow({ image: imageTitle(added) }), systemClock, note);
    if (image === undefined) {
      throw new CliError("failed", "the control plane's answer has no image: is it of another version?");
    }
    if (image.state === ImageState.READY) {
      return image;
    }
    if (image.state === ImageState.FAILED) {
      throw new CliError("failed", `image ${imageTitle(image)} can't be used: ${image.failure}`);
    }
    const words =
      (image.progress === undefined ? "" : imageProgressWords(image.progress, new Date())) +
      (image.failure === "" ? "" : ` (${image.failure})`);
    if (words !== last) {
      last = words;
      note(`${imageTitle(image)}: ${words}`);
    }
    await systemClock.sleep(pace);
  }
}
