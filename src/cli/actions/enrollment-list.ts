import {
  EnrollmentListResponseSchema,
  type Enrollment,
  type RefusedCaller,
} from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched, type View } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { keyShown } from "../show/key-shown.ts";

/** Flags of `farrier enrollment list`. */
export interface EnrollmentListFlags extends ClientFlags, WatchFlags {
  rejected: boolean | undefined;
}

/** `farrier enrollment list` */
export async function enrollmentListAction(this: CliContext, flags: EnrollmentListFlags): Promise<void> {
  const { enrollments: service } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await service.enrollmentList({ includeRejected: flags.rejected ?? false });
    const { enrollments, refused } = message;
    return answerOf({
      schema: EnrollmentListResponseSchema,
      message,
      names: () => enrollments.map(({ key }) => key),
      text: ({ table, now }) =>
        [
          ...(enrollments.length === 0 ? [] : [waitingTable(enrollments, table, now)]),
          ...(refused.length === 0 ? [] : [refusedTable(refused, table, now)]),
        ].join("\n"),
      note: enrollments.length + refused.length === 0 ? "no agent waits for approval" : undefined,
    });
  });
}

function waitingTable(enrollments: Enrollment[], table: View["table"], now: Date): string {
  return table(
    ["KEY", "ADDRESS", "CLAIMS TO BE", { title: "SINCE", whole: true }, "SMBIOS UUID", "MACS", "HARDWARE"],
    enrollments.map((enrollment) => [
      enrollment.key.slice(0, keyShown),
      enrollment.address,
      saysToBe(enrollment),
      when(enrollment.firstSeenAt, now),
      enrollment.smbiosUuid || "-",
      enrollment.macs.join(", ") || "-",
      [enrollment.manufacturer, enrollment.product, enrollment.serialNumber].filter(Boolean).join(" ") || "-",
    ]),
  );
}

/** Callers whose machine does not exist: their calls are refused. */
function refusedTable(refused: RefusedCaller[], table: View["table"], now: Date): string {
  return table(
    ["REFUSED KEY", "ADDRESS", "MISSING MACHINE", { title: "SINCE", whole: true }, "CALLS"],
    refused.map(({ key, address, machineId, firstRefusedAt, count }) => [
      key.slice(0, keyShown),
      address,
      machineId,
      when(firstRefusedAt, now),
      String(count),
    ]),
  );
}

/** The machine that the agent can belong to, or why that is not clear. */
function saysToBe({ machineId, machineName, related, rejectedBy }: Enrollment): string {
  const rejected = rejectedBy === "" ? "" : ` (rejected by ${rejectedBy})`;
  if (machineId !== "") {
    return `${machineName || machineId}${rejected}`;
  }
  const [first, ...others] = related;
  const somewhat =
    first === undefined ? "nobody known" : `not clear: ${first.name || first.id}${others.length === 0 ? "" : ", …"}`;
  return `${somewhat}${rejected}`;
}
