import { InstallationShowResponseSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier installation show`. */
export interface InstallationShowFlags extends ClientFlags {
  generation: bigint | undefined;
}

/**
 * `farrier installation show`. Prints the files' text unchanged, except for characters that a terminal would take as
 * control sequences.
 */
export async function installationShowAction(
  this: CliContext,
  flags: InstallationShowFlags,
  machine: string,
): Promise<void> {
  const { installations } = await operatorClient(flags, this.process.env);
  const message = await installations.installationShow({ machine, generation: flags.generation ?? 0n });
  const { image, generation } = message;
  const files = Object.entries({
    "user data": image?.userData,
    "meta data": image?.metaData,
    "network config": image?.networkConfig,
  }).filter(([, bytes]) => bytes !== undefined && bytes.length > 0);
  const lines = [
    `generation      ${generation}`,
    ...(image === undefined
      ? ["image           none: a request of another system's type"]
      : [`image           ${printable(image.url)}`, `digest          ${printable(image.digest)}`]),
    ...files.flatMap(([name, bytes]) => [
      "",
      `${name}:`,
      ...Buffer.from(bytes ?? [])
        .toString("utf8")
        .trimEnd()
        .split("\n")
        .map((line) => `  ${printable(line)}`),
    ]),
  ];
  answer(this, flags, {
    schema: InstallationShowResponseSchema,
    message,
    names: () => [message.machineId],
    text: () => `${lines.join("\n")}\n`,
  });
}
