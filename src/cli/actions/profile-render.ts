import { ProfileRenderResponseSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { defined } from "../../lib/defined.ts";
import { printable, printableLines } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { profileFileRead } from "../line/profile-file.ts";
import { parseTemplateValues } from "../line/template-values.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier profile render`. */
export interface ProfileRenderFlags extends ClientFlags {
  machine: string;
  set: readonly string[] | undefined;
  file: string | undefined;
}

/** `farrier profile render` */
export async function profileRenderAction(
  this: CliContext,
  flags: ProfileRenderFlags,
  reference: string,
): Promise<void> {
  const spec = flags.file === undefined ? undefined : (await profileFileRead(flags.file)).spec;
  const values = parseTemplateValues(flags.set ?? []);
  const { profiles } = await operatorClient(flags, this.process.env);
  const message = await profiles.profileRender({
    profile: reference,
    machine: flags.machine,
    values,
    ...defined({ spec }),
  });
  message.warnings.forEach((warning) => this.process.stderr.write(`warning: ${printable(warning)}\n`));
  const part = (title: string, bytes: Uint8Array, otherwise: string): string => {
    const size = bytes.length === 0 ? otherwise : `${bytes.length} bytes`;
    return `# ${title}: ${size}\n${Buffer.from(bytes).toString("utf8")}`.replace(/\n?$/u, "\n");
  };
  answer(this, flags, {
    schema: ProfileRenderResponseSchema,
    message,
    names: () => [message.machineId],
    text: () =>
      printableLines(
        `# image: ${message.image === "" ? "none that is ready" : message.image}\n` +
          part("user data", message.userData, "none") +
          part("network config", message.networkConfig, "the machine's network, or the image's own"),
      ),
  });
}
