import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  BackoffClearResponseSchema,
  BackoffListResponseSchema,
  FleetSummaryResponseSchema,
  SessionListResponseSchema,
  WorkListResponseSchema,
  type FleetSummaryResponse,
} from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { answer, answerOf, answerWatched, type View } from "../show/answer.ts";
import { operatorClient } from "../call/client.ts";
import type { BackoffClearFlags, BackoffListFlags, WorkListFlags } from "../commands/fleet.ts";
import type { CliContext } from "../context.ts";
import { when } from "../show/describe.ts";
import type { ClientFlags, WatchFlags } from "../line/flags.ts";
import { pages } from "../call/pages.ts";
import { bytesText, memoryText } from "../../lib/format/bytes.ts";
import { durationText } from "../../lib/format/duration.ts";

/** `farrier fleet summary` */
export async function fleetSummaryAction(this: CliContext, flags: ClientFlags & WatchFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await fleet.fleetSummary({});
    const text = ({ table, now }: View): string => table(["WHAT", "STATE", "COUNT"], summaryRows(message, now));
    return answerOf({ schema: FleetSummaryResponseSchema, message, names: () => Object.keys(message.states), text });
  });
}

function summaryRows(summary: FleetSummaryResponse, now: Date): string[][] {
  const counts = (what: string, map: Readonly<Record<string, bigint>>): string[][] =>
    Object.entries(map)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, value]) => [what, key.replaceAll("_", "-"), String(value)]);
  const { hardware } = summary;
  return [
    ["machines", "all", String(summary.machines)],
    ...counts("machines", summary.states),
    ["requests", "pending", String(summary.pending)],
    ...summary.eligible.map(({ process, provider, machines }) => [
      "eligible",
      `${process} ${provider}`,
      String(machines),
    ]),
    ...counts("sessions", summary.sessions),
    ...counts("work", summary.work),
    ...counts("backoffs", summary.backoffs),
    ...(hardware?.computedAt === undefined
      ? []
      : [
          ["hardware", "counted", when(hardware.computedAt, now)],
          ["hardware", "reports", String(hardware.reports)],
          ["hardware", "CPU cores", String(hardware.cpuCores)],
          ["hardware", "memory", memoryText(hardware.memoryBytes)],
          ["hardware", "disks", `${hardware.disks} (${bytesText(hardware.diskBytes)})`],
        ]),
  ];
}

/** `farrier session list` */
export async function sessionListAction(this: CliContext, flags: ClientFlags & WatchFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await fleet.sessionList({});
    const { sessions } = message;
    return answerOf({
      schema: SessionListResponseSchema,
      message,
      names: () => sessions.map(({ id }) => id),
      text: ({ table, now }) =>
        sessions.length === 0
          ? ""
          : table(
              ["ID", "COMPONENT", "STATUS", "WORK", { title: "SINCE", whole: true }, "RUNS ON"],
              sessions.map((session) => [
                session.id,
                session.component,
                session.expired ? "expired" : "ok",
                String(session.work),
                when(session.createdAt, now),
                session.runtimeInfo,
              ]),
            ),
      note: sessions.length === 0 ? "no component is alive" : undefined,
    });
  });
}

/** `farrier work list` */
export async function workListAction(this: CliContext, flags: WorkListFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const query = { machine: flags.machine ?? "", process: flags.process ?? "" };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await fleet.workList({ ...query, ...page });
      return { items: response.work, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: WorkListResponseSchema,
      message: create(WorkListResponseSchema, { work: items, nextPageToken }),
      names: () => items.map(({ machineId, machineName }) => machineName || machineId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["MACHINE", "PROCESS", { title: "SINCE", whole: true }, "COMPONENT", "SESSION"],
              items.map((work) => [
                work.machineName || work.machineId,
                work.process,
                when(work.startedAt, now),
                work.component,
                work.sessionId,
              ]),
            ),
      note: items.length === 0 ? "no machine is worked on" : more,
    });
  });
}

/** `farrier backoff list` */
export async function backoffListAction(this: CliContext, flags: BackoffListFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const query = { machine: flags.machine ?? "", process: flags.process ?? "", all: flags.all ?? false };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await fleet.backoffList({ ...query, ...page });
      return { items: response.backoffs, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: BackoffListResponseSchema,
      message: create(BackoffListResponseSchema, { backoffs: items, nextPageToken }),
      names: () => items.map(({ machineId, machineName }) => machineName || machineId),
      text: ({ table }) =>
        items.length === 0
          ? ""
          : table(
              ["MACHINE", "PROCESS", { title: "UNTIL", whole: true }, "INTERVAL", { title: "CAUSE", wrapped: true }],
              items.map(({ machineId, machineName, process, until, intervalSeconds, cause }) => [
                machineName || machineId,
                process,
                until === undefined ? "-" : `${timestampDate(until).toISOString().slice(0, 19)}Z`,
                durationText(Number(intervalSeconds) * 1000, 1),
                cause,
              ]),
            ),
      note: items.length === 0 ? "nothing is held back" : more,
    });
  });
}

/** `farrier backoff clear` */
export async function backoffClearAction(this: CliContext, flags: BackoffClearFlags, machine: string): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const requestId = flags.requestId ?? randomUUID();
  const message = await fleet.backoffClear({ requestId, machine, process: flags.process ?? "" });
  const text = (): string => `${message.machineId} may be worked on at once\n`;
  answer(this, flags, { schema: BackoffClearResponseSchema, message, names: () => [message.machineId], text });
}
