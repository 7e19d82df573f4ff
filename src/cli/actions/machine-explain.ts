import { MachineExplainResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineChangeSignals, operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { hasColour } from "../show/colour.ts";
import { explainText } from "../show/explain-text.ts";

/** Flags of `farrier machine explain`. */
export type MachineExplainFlags = ClientFlags & WatchFlags;

/** `farrier machine explain` */
export async function machineExplainAction(
  this: CliContext,
  flags: MachineExplainFlags,
  machine: string,
): Promise<void> {
  const client = await operatorClient(flags, this.process.env);
  const fetch = async (): Promise<ReturnType<typeof answerOf>> => {
    const message = await client.machines.machineExplain({ machine });
    return answerOf({
      schema: MachineExplainResponseSchema,
      message,
      names: () => [message.machineId],
      text: ({ width }) => explainText(message.lines, { width, colour: hasColour(this) }),
    });
  };
  await answerWatched(this, flags, fetch, () => machineChangeSignals(client));
}
