import { type Provider, ProviderListResponseSchema } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier provider list`. */
export type ProviderListFlags = ClientFlags;

/** `farrier provider list` */
export async function providerListAction(this: CliContext, flags: ProviderListFlags): Promise<void> {
  const { providers } = await operatorClient(flags, this.process.env);
  const message = await providers.providerList({});
  const none =
    "there is no provider yet: `farrier up --help` and `farrier shepherd --help` say how to name a file of them";
  answer(this, flags, {
    schema: ProviderListResponseSchema,
    message,
    names: () => message.providers.map(({ name }) => name),
    text: ({ table, now }) =>
      message.providers.length === 0
        ? ""
        : table(
            [
              "PROVIDER",
              "TYPE",
              "MACHINES",
              "GONE",
              { title: "LISTED", whole: true },
              { title: "TROUBLE", wrapped: true },
            ],
            message.providers.map((provider) => [
              provider.name,
              provider.type,
              String(provider.machines),
              String(provider.vanished),
              when(provider.listedAt, now),
              troubleText(provider),
            ]),
          ),
    ...(message.fileProblems.length > 0
      ? {
          note: `a file of providers is not in order, and the version before is in force: ${message.fileProblems.join("; ")}`,
        }
      : message.providers.length === 0
        ? { note: none }
        : {}),
  });
}

/** What is wrong with a provider, the worst first. */
function troubleText({ name, trouble }: Provider): string {
  if (trouble === undefined) {
    return "-";
  }
  const { held, unreachable, otherSettings, problems } = trouble;
  return [
    ...(held === "" ? [] : [`not believed: ${held}: \`farrier provider show ${name}\``]),
    ...(unreachable === "" ? [] : [unreachable]),
    ...(otherSettings.length === 0 ? [] : [`has other settings at ${otherSettings.join(", ")}, which leaves it alone`]),
    ...problems,
  ].join("; ");
}
