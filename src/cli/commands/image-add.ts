import { buildCommand } from "@stricli/core";
import type { ImageAddFlags } from "../actions/image-add.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { imageBytesFlags } from "../flags/image-bytes.ts";
import { requiredFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { oneImageName } from "../line/catalogue-parameters.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const imageAddCommand = buildCommand<ImageAddFlags, [string], CliContext>({
  docs: docs(
    "Add an image, or a new version of one, to the catalogue",
    "The server fetches the file, checks its digest and signature, and looks into it: format, size, partitions, how it " +
      "boots, whether it has cloud-init. What no machine could boot is refused here. Nothing is installed.\n" +
      "A version that is ready becomes the latest one. Without --digest, the digest of what is fetched now is recorded, and " +
      "machines accept nothing else.",
    [
      "farrier image add debian-12 --url https://images/debian.raw.zst --digest sha256:… --wait",
      "farrier image add debian-12 --url https://images/debian.raw.zst --minisign-key images.pub",
      "farrier image add debian-12 --url https://images/debian.raw.zst --digest-from https://images/SHA256SUMS --key images.pub",
      "farrier image add debian-12 --url https://images/debian.raw.zst --cache",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      url: requiredFlag("URL that the server and machines fetch the image from: http, https or oci", "URL"),
      digest: textFlag("sha256:HEX of the file (default: of what is fetched now)", "DIGEST"),
      digestFrom: textFlag(
        "Signed list with the digest, as sha256sum or BSD's sha256 writes it: file or URL",
        "FILE-OR-URL",
      ),
      key: textFlag("With --digest-from: the minisign or cosign key (.pub) that signed the list", "FILE"),
      digestSignature: textFlag("The list's signature (default: the list's name or URL + .minisig or .sig)", "FILE"),
      ...imageBytesFlags,
      cache: switchFlag("Keep the file in the caches of the control plane; machines fetch it there first"),
      public: switchFlag("With --cache: anybody who reaches a cache may have the file"),
      wait: switchFlag("Wait until the image is ready, and show progress"),
      requestId: requestIdFlag,
    },
    positional: oneImageName,
  },
  loader: async () => (await import("../actions/image-add.ts")).imageAddAction,
});
