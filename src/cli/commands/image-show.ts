import { buildCommand } from "@stricli/core";
import type { ImageShowFlags } from "../actions/image-show.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { watchFlags } from "../flags/watch.ts";
import { oneImage } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";

export const imageShowCommand = buildCommand<ImageShowFlags, [string], CliContext>({
  docs: docs("Show a version of an image: how far it is, and what is in it", "", [
    "farrier image show debian-12",
    "farrier image show debian-12@3",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags }, positional: oneImage },
  loader: async () => (await import("../actions/image-show.ts")).imageShowAction,
});
