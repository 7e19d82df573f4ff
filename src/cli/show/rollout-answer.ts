import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Rollout } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "./answer.ts";
import { rolloutLine } from "./rollout-lines.ts";

/** Prints the answer of a command about a rollout, and `more` as a further note. @throws {CliError} `failed` if the answer has none */
export function rolloutAnswer<Desc extends DescMessage>(
  context: CliContext,
  flags: ClientFlags,
  schema: Desc,
  message: MessageShape<Desc> & { rollout?: Rollout | undefined },
  more = "",
): void {
  const { rollout } = message;
  if (rollout === undefined) {
    throw new CliError("failed", "the control plane's answer has no rollout: is it of another version?");
  }
  answer(context, flags, {
    schema,
    message,
    names: () => [rollout.name],
    text: () => rolloutLine(rollout),
    note: [rollout.note, more].filter((line) => line !== "").join("\n") || undefined,
  });
}
