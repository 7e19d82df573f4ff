import { type ProviderShowResponse, ProviderShowResponseSchema } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier provider show`. */
export type ProviderShowFlags = ClientFlags;

/** `farrier provider show` */
export async function providerShowAction(this: CliContext, flags: ProviderShowFlags, name: string): Promise<void> {
  const { providers } = await operatorClient(flags, this.process.env);
  const message = await providers.providerShow({ provider: name });
  if (message.provider === undefined) {
    throw new CliError("failed", "the control plane's answer has no provider: is it of another version?");
  }
  answer(this, flags, {
    schema: ProviderShowResponseSchema,
    message,
    names: () => [name],
    text: ({ now }) => providerLines(message, now).join(""),
  });
}

function providerLines({ provider, doubted, doubtedCount }: ProviderShowResponse, now: Date): string[] {
  const line = (title: string, value: string): string => (value === "" ? "" : `${title.padEnd(16)}${value}\n`);
  if (provider === undefined) {
    return [];
  }
  const { name, type, power, autostart, machines, vanished, shepherd, mediaUrl, trouble } = provider;
  const doubts = doubted.filter(({ accepted }) => !accepted);
  return [
    line("provider", name),
    line("type", type),
    line("power switch", power ? "yes" : "no"),
    line("autostart", autostart ? "yes: its machines may be switched off to start an agent" : "no"),
    line("boot media at", mediaUrl),
    line("machines", `${machines}${vanishedText(vanished)}`),
    line("listed", when(provider.listedAt, now)),
    line("shepherd", shepherd === "" ? "none looks at it" : shepherd),
    line(
      "unreachable",
      trouble === undefined || trouble.unreachable === ""
        ? ""
        : `${trouble.unreachable} (since ${when(trouble.unreachableSince, now)})`,
    ),
    line("other settings", trouble?.otherSettings.join(", ") ?? ""),
    ...(trouble?.problems ?? []).map((problem) => line("not taken", problem)),
    line(
      "not believed",
      trouble === undefined || trouble.held === "" ? "" : `${trouble.held} (since ${when(trouble.heldSince, now)})`,
    ),
    ...doubts.map(({ machineName, machineId, providerId, doubt }) =>
      line(doubt === "gone" ? "gone?" : "another?", `${machineName || machineId} (${providerId})`),
    ),
    doubtedCount > doubted.length ? line("", `and ${doubtedCount - doubted.length} more`) : "",
    doubts.length === 0 ? "" : line("accept it by", `farrier provider accept ${name}`),
  ];
}

function vanishedText(vanished: number): string {
  return vanished === 0 ? "" : `, of which ${vanished} ${vanished === 1 ? "is" : "are"} gone from its list`;
}
