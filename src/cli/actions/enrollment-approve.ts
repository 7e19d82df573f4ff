import { randomUUID } from "node:crypto";
import { EnrollmentApproveResponseSchema } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { parseLabels } from "../line/labels.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier enrollment approve`. */
export interface EnrollmentApproveFlags extends ClientFlags {
  requestId: string | undefined;
  machine: string | undefined;
  name: string | undefined;
  label: readonly string[] | undefined;
  replace: boolean | undefined;
}

/** `farrier enrollment approve` */
export async function enrollmentApproveAction(
  this: CliContext,
  flags: EnrollmentApproveFlags,
  key: string,
): Promise<void> {
  const labels = parseLabels(flags.label ?? []);
  const { enrollments } = await operatorClient(flags, this.process.env);
  const message = await enrollments.enrollmentApprove({
    requestId: flags.requestId ?? randomUUID(),
    key,
    machine: flags.machine ?? "",
    name: flags.name ?? "",
    labels,
    replace: flags.replace ?? false,
  });
  const id = message.machine?.id ?? "";
  const names = (): string[] => [message.machine?.name || id];
  answer(this, flags, { schema: EnrollmentApproveResponseSchema, message, names, text: () => `${id}\n` });
}
