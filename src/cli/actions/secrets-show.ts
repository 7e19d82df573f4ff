import { SecretsShowResponseSchema, type LackingProcess } from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier secrets show`. */
export interface SecretsShowFlags extends ClientFlags, WatchFlags {}

/** `farrier secrets show` */
export async function secretsShowAction(this: CliContext, flags: SecretsShowFlags): Promise<void> {
  const { secrets } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await secrets.secretsShow({});
    const { keys, lacking, clearRequests, problem } = message;
    const notes = [
      ...(problem === "" ? [] : [problem]),
      ...(clearRequests === 0 ? [] : [`${clearRequests} installation requests are not sealed yet`]),
      ...lacking.map(lackingText),
    ];
    return answerOf({
      schema: SecretsShowResponseSchema,
      message,
      names: () => keys.map(({ id }) => id),
      text: ({ table, now }) =>
        keys.length === 0
          ? ""
          : table(
              ["KEY", "STATE", "SINCE", "MADE", "REQUESTS", "CREDENTIALS"],
              keys.map((key) => [
                key.id,
                key.state,
                when(key.stateSince, now),
                when(key.madeAt, now),
                String(key.requests),
                String(key.credentials),
              ]),
            ),
      note: notes.length === 0 ? undefined : notes.join("; "),
    });
  });
}

function lackingText({ component, runtimeInfo, keyFile }: LackingProcess): string {
  return keyFile === ""
    ? `the next key waits for ${component} ${runtimeInfo}, which is of a version without keys: upgrade it`
    : `the next key waits for ${component} ${runtimeInfo}: copy the key file to its ${keyFile}`;
}
