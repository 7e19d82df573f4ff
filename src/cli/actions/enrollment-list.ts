import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  EnrollmentListResponseSchema,
  type Enrollment,
  type OpenBootWindow,
  type RefusedCaller,
  type SecondClaimant,
} from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { BootWindowState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
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
    const { enrollments, refused, bootWindows, secondClaimants } = message;
    return answerOf({
      schema: EnrollmentListResponseSchema,
      message,
      names: () => enrollments.map(({ key }) => key),
      text: ({ table, now }) =>
        [
          ...(enrollments.length === 0 ? [] : [waitingTable(enrollments, table, now)]),
          ...(refused.length === 0 ? [] : [refusedTable(refused, table, now)]),
          ...(secondClaimants.length === 0 ? [] : [claimantsTable(secondClaimants, table, now)]),
          ...(bootWindows.length === 0 ? [] : [windowsTable(bootWindows, table, now)]),
        ].join("\n"),
      note:
        enrollments.length + refused.length + secondClaimants.length + bootWindows.length === 0
          ? "no agent waits for approval"
          : undefined,
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

/** Machines that two keys claimed. */
function claimantsTable(claimants: SecondClaimant[], table: View["table"], now: Date): string {
  return table(
    ["CLAIMED TWICE", "KEY LET IN", "FROM", "OTHER KEY", "FROM", { title: "SINCE", whole: true }],
    claimants.map((claimant) => [
      claimant.machineName || claimant.machineId,
      claimant.enrolledKey,
      claimant.enrolledAddress || "-",
      claimant.otherKey,
      claimant.otherAddress || "-",
      when(claimant.at, now),
    ]),
  );
}

/** Boot windows in which no agent has enrolled yet. */
function windowsTable(windows: OpenBootWindow[], table: View["table"], now: Date): string {
  return table(
    ["BOOT WINDOW OF", "TOKEN", "OPENED BY", { title: "OPENED", whole: true }, "CLOSES"],
    windows.map(({ machineId, machineName, window }) => [
      machineName || machineId,
      window?.state === BootWindowState.GIVEN ? "handed out" : "not handed out",
      window?.openedBy ?? "-",
      when(window?.openedAt, now),
      window?.closesAt === undefined ? "-" : `${timestampDate(window.closesAt).toISOString().slice(0, 19)}Z`,
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
