import { randomUUID } from "node:crypto";
import {
  SecretsGiveUpResponseSchema,
  type SecretsGiveUpResponse,
} from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier secrets give-up`. */
export interface SecretsGiveUpFlags extends ClientFlags {
  yes: boolean | undefined;
  requestId: string | undefined;
}

/** `farrier secrets give-up` */
export async function secretsGiveUpAction(
  this: CliContext,
  flags: SecretsGiveUpFlags,
  ...keyIds: string[]
): Promise<void> {
  const { secrets } = await operatorClient(flags, this.process.env);
  const requestId = flags.requestId ?? randomUUID();
  const message = await secrets.secretsGiveUp({ requestId, keyIds, confirmed: flags.yes ?? false });
  answer(this, flags, {
    schema: SecretsGiveUpResponseSchema,
    message,
    names: () => message.keyIds,
    text: () => closedText(message),
    note: noteOf(message),
  });
}

function closedText(message: SecretsGiveUpResponse): string {
  const { keyIds, credentials, machines, machineCount, images, profiles, rollouts, webhooks, givenUp } = message;
  if (keyIds.length === 0) {
    return "";
  }
  const more = machineCount > machines.length ? ` and ${machineCount - machines.length} more` : "";
  return [
    `${givenUp ? "given up" : "no process has"}: key ${keyIds.join(", ")}\n`,
    `credentials that can't be opened: ${credentials.join(", ") || "none"}\n`,
    ...(images.length === 0 ? [] : [`images that can't be opened: ${images.join(", ")}\n`]),
    ...(profiles.length === 0 ? [] : [`profiles that can't be opened: ${profiles.join(", ")}\n`]),
    ...(rollouts.length === 0 ? [] : [`rollouts that can't be opened: ${rollouts.join(", ")}\n`]),
    ...(webhooks.length === 0 ? [] : [`webhooks that can't be opened: ${webhooks.join(", ")}\n`]),
    `installations ${givenUp ? "cancelled" : "that can't be handed out"}: ${machines.join(", ") || "none"}${more}\n`,
  ].join("");
}

function noteOf(message: SecretsGiveUpResponse): string {
  const { keyIds, credentials, images, profiles, rollouts, webhooks, givenUp } = message;
  if (keyIds.length === 0) {
    return "no key is lost: a running server or shepherd has each key in use";
  }
  if (!givenUp) {
    return "nothing was given up: look for the key in other hosts' key files and in backups, and repeat the command with --yes if it is nowhere";
  }
  const again = [
    ...(credentials.length === 0 ? [] : ["store each credential's secret again: `farrier credential rotate --help`"]),
    ...(images.length === 0 ? [] : ["add the images again: `farrier image add --help`"]),
    ...(profiles.length === 0
      ? []
      : ["delete the profiles, and apply their files again: `farrier profile apply --help`"]),
    ...(rollouts.length === 0 ? [] : ["cancel the rollouts, and create others: `farrier rollout cancel --help`"]),
    ...(webhooks.length === 0 ? [] : ["delete the webhooks, and add them again: `farrier webhook add --help`"]),
  ];
  return again.length === 0 ? "the control plane takes another key by itself" : again.join("; ");
}
