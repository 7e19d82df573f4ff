import { randomUUID } from "node:crypto";
import { EnrollmentRejectResponseSchema } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { keyShown } from "../show/key-shown.ts";

/** Flags of `farrier enrollment reject`. */
export interface EnrollmentRejectFlags extends ClientFlags {
  requestId: string | undefined;
}

/** `farrier enrollment reject` */
export async function enrollmentRejectAction(
  this: CliContext,
  flags: EnrollmentRejectFlags,
  key: string,
): Promise<void> {
  const { enrollments } = await operatorClient(flags, this.process.env);
  const message = await enrollments.enrollmentReject({ requestId: flags.requestId ?? randomUUID(), key });
  const shown = message.key.slice(0, keyShown);
  const text = (): string => `${shown} rejected\n`;
  answer(this, flags, { schema: EnrollmentRejectResponseSchema, message, names: () => [message.key], text });
}
