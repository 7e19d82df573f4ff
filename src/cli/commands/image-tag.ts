import { buildCommand } from "@stricli/core";
import type { ImageTagFlags } from "../actions/image-tag.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { switchFlag } from "../flags/flag.ts";
import { oneImage } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const imageTagCommand = buildCommand<ImageTagFlags, [string, string], CliContext>({
  docs: docs(
    "Give a version of an image another name",
    "`latest` is set by the server to each new version that is ready; set it to an earlier one to go back.",
    [
      "farrier image tag debian-12@3 stable",
      "farrier image tag debian-12@2 latest",
      "farrier image tag debian-12 stable --remove",
    ],
  ),
  parameters: {
    flags: { ...clientFlags, remove: switchFlag("Take the tag away"), requestId: requestIdFlag },
    positional: {
      kind: "tuple",
      parameters: [
        ...oneImage.parameters,
        { brief: "The tag: a-z, 0-9 and '.-_', beginning with a letter", placeholder: "TAG", parse: String },
      ],
    },
  },
  loader: async () => (await import("../actions/image-tag.ts")).imageTagAction,
});
