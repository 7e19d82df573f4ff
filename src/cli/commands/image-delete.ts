import { buildCommand } from "@stricli/core";
import type { ImageDeleteFlags } from "../actions/image-delete.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { oneImage } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const imageDeleteCommand = buildCommand<ImageDeleteFlags, [string], CliContext>({
  docs: docs(
    "Delete a version of an image, or an image with all of its versions",
    "NAME@VERSION deletes that version; NAME alone deletes the image with all of its versions and tags. Refused while a profile or a pending installation uses it. Machines that are installed with it are left alone.",
    ["farrier image delete debian-12@1", "farrier image delete debian-12"],
  ),
  parameters: { flags: { ...clientFlags, requestId: requestIdFlag }, positional: oneImage },
  loader: async () => (await import("../actions/image-delete.ts")).imageDeleteAction,
});
