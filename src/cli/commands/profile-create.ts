import { buildCommand } from "@stricli/core";
import type { ProfileCreateFlags } from "../actions/profile-create.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { repeatedFlag, requiredFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { retryFlags } from "../flags/retry.ts";
import { requestIdFlag } from "../line/request-id.ts";
import { docs } from "../line/docs.ts";

export const profileCreateCommand = buildCommand<ProfileCreateFlags, [string], CliContext>({
  docs: docs(
    "Make a profile from flags",
    "As `farrier profile apply`, for profiles that need no file: repeated with other flags, it makes a new version.",
    [
      "farrier profile create web --image debian-12 --disk protocol=nvme --ssh-key ~/.ssh/id_ed25519.pub --user admin --grow",
      "farrier profile create web --image debian-12@3 --disk min=500G --user-data web-user-data.yaml",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      image: requiredFlag("Image of the catalogue: NAME, NAME@VERSION or NAME@TAG", "IMAGE"),
      disk: requiredFlag("The one disk to write, such as protocol=nvme", "SELECTOR"),
      sshKey: repeatedFlag("Public key that may log in (.pub); repeatable", "FILE"),
      user: textFlag("User whose login the keys open (default: the image's default user)", "NAME"),
      userData: textFlag("cloud-init user data, a template", "FILE"),
      networkConfig: textFlag("cloud-init network configuration, a template (default: the machine's network)", "FILE"),
      grow: switchFlag("Grow the last partition, and an ext file system on it, to the disk's end"),
      readBack: switchFlag("Read the disk back and compare it before success is reported"),
      ...retryFlags,
      requestId: requestIdFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the profile", placeholder: "NAME", parse: String }],
    },
  },
  loader: async () => (await import("../actions/profile-create.ts")).profileCreateAction,
});
