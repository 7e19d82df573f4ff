import { randomUUID } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  BootWindowCloseResponseSchema,
  BootWindowOpenResponseSchema,
  EnrollmentApproveResponseSchema,
  EnrollmentListResponseSchema,
  EnrollmentRejectResponseSchema,
  type Enrollment,
  type RefusedCaller,
} from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { answer, answerOf, answerWatched, type View } from "../show/answer.ts";
import { operatorClient } from "../call/client.ts";
import type {
  BootWindowFlags,
  EnrollmentApproveFlags,
  EnrollmentListFlags,
  EnrollmentRejectFlags,
} from "../commands/enrollment.ts";
import type { CliContext } from "../context.ts";
import { when } from "../show/describe.ts";
import { CliError } from "../errors.ts";
import { parseLabels } from "../line/labels.ts";

/** Characters of a key that are shown: enough to identify it. */
const keyShown = 16;

/** `farrier machine boot-window` */
export async function bootWindowAction(this: CliContext, flags: BootWindowFlags, machine: string): Promise<void> {
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
    ["KEY", "ADDRESS", "SAYS TO BE", { title: "SINCE", whole: true }, "SMBIOS UUID", "MACS", "HARDWARE"],
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
