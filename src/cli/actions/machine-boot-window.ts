import { randomUUID } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  BootWindowCloseResponseSchema,
  BootWindowOpenResponseSchema,
} from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine boot-window`. */
export interface MachineBootWindowFlags extends ClientFlags {
  for: number | undefined;
  close: boolean | undefined;
  requestId: string | undefined;
}

/** `farrier machine boot-window` */
export async function machineBootWindowAction(
  this: CliContext,
  flags: MachineBootWindowFlags,
  machine: string,
): Promise<void> {
  if (flags.close === true && flags.for !== undefined) {
    throw new CliError("usage", "--close and --for contradict each other: give one of them");
  }
  const { enrollments } = await operatorClient(flags, this.process.env);
  const requestId = flags.requestId ?? randomUUID();
  if (flags.close === true) {
    const message = await enrollments.bootWindowClose({ requestId, machine });
    const text = (): string => `${message.machineId} boot window closed\n`;
    answer(this, flags, { schema: BootWindowCloseResponseSchema, message, names: () => [message.machineId], text });
    return;
  }
  const message = await enrollments.bootWindowOpen({ requestId, machine, seconds: flags.for ?? 0 });
  const until =
    message.closesAt === undefined ? "" : ` until ${timestampDate(message.closesAt).toISOString().slice(0, 19)}Z`;
  const text = (): string => `${message.machineId} may enrol${until}: have it boot from the network now\n`;
  answer(this, flags, { schema: BootWindowOpenResponseSchema, message, names: () => [message.machineId], text });
}
