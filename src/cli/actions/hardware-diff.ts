import { HardwareDiffResponseSchema } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier hardware diff`. */
export interface HardwareDiffFlags extends ClientFlags {
  from: bigint | undefined;
  to: bigint | undefined;
}

/** `farrier hardware diff` */
export async function hardwareDiffAction(this: CliContext, flags: HardwareDiffFlags, machine: string): Promise<void> {
  const { hardware } = await operatorClient(flags, this.process.env);
  const message = await hardware.hardwareDiff({ machine, from: flags.from ?? 0n, to: flags.to ?? 0n });
  answer(this, flags, {
    schema: HardwareDiffResponseSchema,
    message,
    names: () => [...new Set(message.changes.map(({ part }) => part))],
    text: () => message.changes.map(({ text }) => `${printable(text)}\n`).join(""),
    note: message.changes.length === 0 ? `nothing changed from report ${message.from} to ${message.to}` : undefined,
  });
}
