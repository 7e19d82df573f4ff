import { toJsonString, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { CliContext } from "./context.ts";

/** Prints a message as protobuf JSON. */
export function printJson<Desc extends DescMessage>(
  context: CliContext,
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  context.process.stdout.write(`${toJsonString(schema, message, { prettySpaces: 2 })}\n`);
}

/** Characters that a line of standard output holds; undefined where it is not a terminal. */
export function outputWidth({ process: { stdout } }: CliContext): number | undefined {
  // A terminal that does not know its width says 0.
  return stdout.isTTY === true ? stdout.columns || undefined : undefined;
}
