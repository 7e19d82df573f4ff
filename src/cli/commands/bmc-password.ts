import { buildCommand } from "@stricli/core";
import type { BmcPasswordFlags } from "../actions/bmc-password.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";
import { oneMachine } from "../line/parameters.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const bmcPasswordCommand = buildCommand<BmcPasswordFlags, [string], CliContext>({
  docs: docs(
    "Change the password of Farrier's account on a machine's controller",
    "Changes it on the controller, and stores the new one, sealed. Without --password-file a strong one is made that nobody\n" +
      "is shown. If other controllers use the same credential, this one gets a credential of its own: theirs stays as it is.\n" +
      "Also use it where a controller demands a new password at the first login.",
    ["farrier bmc password web1", "pass show rack7/web1 | farrier bmc password web1 --password-file -"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      passwordFile: textFlag("File with the new password, or - for standard input; one line end is cut off", "FILE"),
      requestId: requestIdFlag,
    },
    positional: oneMachine,
  },
  loader: async () => (await import("../actions/bmc-password.ts")).bmcPasswordAction,
});
