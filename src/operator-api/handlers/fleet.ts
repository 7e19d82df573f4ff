import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { FleetService, HardwareTotalsSchema } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId as toMachineId, processes, type Process } from "../../database/ids.ts";
import { fleetNeedValues } from "../../contract/words/fleet-need.ts";
import { hardwareGroups } from "../../database/queries/hardware/hardware-groups.ts";
import type { HardwareAmountsTotal } from "../../database/queries/hardware/hardware-totals.ts";
import { fleetSummary, type FleetSummary } from "../../database/queries/views/fleet.ts";
import { sessionList } from "../../database/queries/views/session-list.ts";
import type { WorkCursor, WorkPage } from "../../database/queries/views/work-page.ts";
import { backoffList } from "../../database/queries/views/backoff-list.ts";
import { backoffClear } from "../../database/queries/machine/backoff-clear.ts";
import { workList } from "../../database/queries/views/work-list.ts";
import { fleetGroupsHandler } from "./fleet-groups.ts";
import { systemClock } from "../../lib/clock.ts";
import { sharedCount } from "../requests/shared-count.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
import { machineOf, machineThere, type MachineReference } from "../requests/machine-reference.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { machineField, pageSizeField, requestIdField, validate } from "../requests/validate.ts";
import { defined } from "../../lib/defined.ts";

const processField = z.string().transform((text, context): Process | undefined => {
  const process = processes.find((name) => name === text);
  if (process === undefined && text !== "") {
    context.addIssue({ code: "custom", message: `expected ${processes.join(" or ")}, or nothing for all` });
    return z.NEVER;
  }
  return process;
});

const optionalMachineField = z.union(
  [z.literal("").transform(() => undefined), machineField],
  "expected a machine's UUID or its name, or nothing for all",
);

const pageTokenField = z.string().transform((token, context): WorkCursor | undefined => {
  const [id = "", name] = token.split("/");
  const process = processes.find((known) => known === name);
  if (token !== "" && (!isUuid(id) || process === undefined || token.split("/").length !== 2)) {
    context.addIssue({ code: "custom", message: pageTokenMessage });
    return z.NEVER;
  }
  return process === undefined ? undefined : { machineId: toMachineId(id), process };
});

const listFields = {
  machine: optionalMachineField,
  process: processField,
  pageSize: pageSizeField,
  pageToken: pageTokenField,
};
const summaryRequest = z.object({ hardwareGroups: z.boolean() });
const workRequest = z.object(listFields);
const backoffRequest = z.object({ ...listFields, all: z.boolean() });
const clearRequest = z.object({ requestId: requestIdField, machine: machineField, process: processField });

const bigints = (counts: Readonly<Record<string, number>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, BigInt(count)]));

/** The handlers of FleetService. */
export function fleetHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof FleetService> {
  const { database, clock = systemClock } = dependencies;
  const shared = sharedCount<FleetSummary>(clock, ({ machines }) => machines);
  const pageOf = async (request: {
    machine: MachineReference | undefined;
    process: Process | undefined;
    pageSize: number;
    pageToken: WorkCursor | undefined;
  }): Promise<WorkPage> => ({
    // One entry more than the page size shows whether there is another page.
    limit: request.pageSize + 1,
    ...(request.machine === undefined ? {} : { machineId: await machineThere(database, request.machine) }),
    ...defined({ process: request.process, after: request.pageToken }),
  });

  return {
    async fleetSummary(request) {
      const { hardwareGroups: grouped } = validate(summaryRequest, request);
      const summary = await shared("", () => fleetSummary(database));
      const { hardware } = summary;
      const groups = grouped ? await hardwareGroups(database) : [];
      return {
        machines: BigInt(summary.machines),
        states: bigints(summary.states),
        pending: BigInt(summary.pending),
        eligible: summary.eligible.map((one) => ({ ...one, machines: BigInt(one.machines) })),
        sessions: bigints(summary.sessions),
        work: bigints(summary.work),
        backoffs: bigints(summary.backoffs),
        hardware: {
          ...(hardware.computedAt === undefined ? {} : { computedAt: timestampFromDate(hardware.computedAt) }),
          ...totalsMessage(hardware),
        },
        needs: summary.needs.map(({ kind, count, oldest }) => ({
          kind: fleetNeedValues[kind],
          count: BigInt(count),
          ...(oldest === undefined ? {} : { oldest: timestampFromDate(oldest) }),
        })),
        hardwareGroups: groups.map(({ provider, location, others, totals }) => ({
          ...{ provider, location, others },
          totals: totalsMessage(totals),
        })),
        at: timestampFromDate(summary.at),
      };
    },

    fleetGroups: fleetGroupsHandler(dependencies),

    async sessionList() {
      const sessions = await sessionList(database);
      return {
        sessions: sessions.map((session) => ({
          id: session.sessionId,
          component: session.component,
          runtimeInfo: session.runtimeInfo,
          createdAt: timestampFromDate(session.createdAt),
          deadline: timestampFromDate(session.deadline),
          expired: session.expired,
          work: BigInt(session.work),
        })),
      };
    },

    async workList(request) {
      const checked = validate(workRequest, request);
      const records = await workList(database, await pageOf(checked));
      const page = records.slice(0, checked.pageSize);
      return {
        work: page.map((work) => ({
          machineId: work.machineId,
          machineName: work.machineName ?? "",
          process: work.process,
          sessionId: work.sessionId,
          component: work.component,
          startedAt: timestampFromDate(work.startedAt),
        })),
        nextPageToken: nextPageToken(records, page),
      };
    },

    async backoffList(request) {
      const checked = validate(backoffRequest, request);
      const records = await backoffList(database, { ...(await pageOf(checked)), all: checked.all });
      const page = records.slice(0, checked.pageSize);
      return {
        backoffs: page.map((backoff) => ({
          machineId: backoff.machineId,
          machineName: backoff.machineName ?? "",
          process: backoff.process,
          until: timestampFromDate(backoff.until),
          intervalSeconds: backoff.intervalSeconds,
          cause: backoff.cause,
        })),
        nextPageToken: nextPageToken(records, page),
      };
    },

    async backoffClear(request, context) {
      const { machine, process } = validate(clearRequest, request);
      const machineId = await machineOf(database, machine);
      await backoffClear(database, {
        ...operatorCommand(context, request, machineId),
        ...defined({ process }),
      });
      return { machineId };
    },
  };
}

function totalsMessage(totals: HardwareAmountsTotal): MessageInitShape<typeof HardwareTotalsSchema> {
  return {
    reports: BigInt(totals.reports),
    cpuCores: BigInt(totals.cores),
    cpuThreads: BigInt(totals.threads),
    memoryBytes: totals.memoryBytes,
    disks: BigInt(totals.disks),
    diskBytes: totals.diskBytes,
    unreadableReports: BigInt(totals.unreadable),
  };
}

function nextPageToken(records: readonly WorkCursor[], page: readonly WorkCursor[]): string {
  const last = page.at(-1);
  return last === undefined || records.length === page.length ? "" : `${last.machineId}/${last.process}`;
}
