import {
  SecretsShowResponseSchema,
  type LackingProcess,
  type UnopenedRow,
  type UnreadyProcess,
} from "../../../gen/farrier/operator/v1/secrets_pb.ts";
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
    const { keys, lacking, holding, unready, unopened, clearRequests, problem } = message;
    const [holder] = holding;
    const from = holder === undefined ? undefined : `${holder.keyFile} of ${holder.component} ${holder.runtimeInfo}`;
    const notes = [
      ...(problem === "" ? [] : [problem]),
      ...(clearRequests === 0 ? [] : [`${clearRequests} installation requests are not sealed yet`]),
      ...lacking.map((process) => lackingText(process, from)),
      ...unready.map(unreadyText),
      ...unopened.map(unopenedText),
    ];
    return answerOf({
      schema: SecretsShowResponseSchema,
      message,
      names: () => keys.map(({ id }) => id),
      text: ({ table, now }) =>
        keys.length === 0
          ? ""
          : table(
              [
                "KEY",
                "STATE",
                "SINCE",
                "MADE",
                "REQUESTS",
                "CREDENTIALS",
                "IMAGES",
                "PROFILES",
                "ROLLOUTS",
                "WEBHOOKS",
              ],
              keys.map((key) => [
                key.id,
                key.state,
                when(key.stateSince, now),
                when(key.madeAt, now),
                String(key.requests),
                String(key.credentials),
                String(key.images),
                String(key.profiles),
                String(key.rollouts),
                String(key.webhooks),
              ]),
            ),
      note: notes.length === 0 ? undefined : notes.join("; "),
    });
  });
}

/** @param from where the next key's line can be taken from; undefined = no process has it */
function lackingText({ component, runtimeInfo, keyFile }: LackingProcess, from: string | undefined): string {
  if (keyFile === "") {
    return `the next key waits for ${component} ${runtimeInfo}, which is of a version without keys: upgrade it`;
  }
  return from === undefined
    ? `the next key waits for ${component} ${runtimeInfo}, and no process has it: if it is in no key file any more, \`farrier secrets give-up\``
    : `the next key waits for ${component} ${runtimeInfo}: add the key's line in ${from} to its ${keyFile}`;
}

function unreadyText({ process, keyId }: UnreadyProcess): string {
  return `${process?.component ?? "a process"} ${process?.runtimeInfo ?? ""} lacks key ${keyId}, which is in use: add its line to ${process?.keyFile || "its key file"}`;
}

function unopenedText(row: UnopenedRow): string {
  const { credential, machineId, image, profile, rollout, webhook, problem } = row;
  if (rollout !== "") {
    return `rollout ${rollout} keeps a key from being retired: ${problem}: cancel it if it goes on, and create another: \`farrier rollout cancel ${rollout}\``;
  }
  if (webhook !== "") {
    return `webhook ${webhook} keeps a key from being retired: ${problem}: delete it, and add it again: \`farrier webhook delete ${webhook}\``;
  }
  if (image !== "") {
    return `image ${image} keeps a key from being retired: ${problem}: add the image again, and delete this version: \`farrier image delete ${image}\``;
  }
  if (profile !== "") {
    return `profile ${profile} keeps a key from being retired: ${problem}: delete the profile, and apply its file again`;
  }
  return credential === ""
    ? `the installation request of machine ${machineId} keeps a key from being retired: ${problem}, or cancel it: \`farrier machine cancel ${machineId}\``
    : `credential ${credential} keeps a key from being retired: ${problem}: \`farrier credential rotate --help\``;
}
