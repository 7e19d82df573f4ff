import { buildCommand } from "@stricli/core";
import type { ImageListFlags } from "../actions/image-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { textFlag } from "../flags/flag.ts";
import { pageFlags } from "../flags/page.ts";
import { watchFlags } from "../flags/watch.ts";
import { docs } from "../line/docs.ts";

export const imageListCommand = buildCommand<ImageListFlags, [], CliContext>({
  docs: docs("List images, each with its newest version, or all versions of one", "", [
    "farrier image list",
    "farrier image list --name debian-12",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      name: textFlag("All versions of this image", "NAME"),
      ...pageFlags,
      ...watchFlags,
    },
  },
  loader: async () => (await import("../actions/image-list.ts")).imageListAction,
});
