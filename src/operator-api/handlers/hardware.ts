import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { AgentHardwareReportSchema, type AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import {
  HardwareChangeKind,
  HardwareSummarySchema,
  type HardwareService,
  type HardwareSummary,
} from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { hardwareAmounts } from "../../contract/hardware-amounts.ts";
import { diskSelectors } from "../../contract/select-disk.ts";
import { healthOf } from "../../database/queries/controller/health.ts";
import { hardwareList, hardwareShow, type HardwareRecord } from "../../database/queries/hardware/hardware.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { hardwareChanges, type HardwareChange } from "../hardware/hardware-diff.ts";
import { healthMessage } from "../messages/health-message.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { count, machineField, validate } from "../requests/validate.ts";

const listRequest = z.object({ machine: machineField });
const showRequest = z.object({ machine: machineField, number: count });
const diffRequest = z.object({ machine: machineField, from: count, to: count });

const kinds: Record<HardwareChange["kind"], HardwareChangeKind> = {
  added: HardwareChangeKind.ADDED,
  removed: HardwareChangeKind.REMOVED,
  changed: HardwareChangeKind.CHANGED,
};

/** The handlers of HardwareService. */
export function hardwareHandlers({ database }: OperatorApiDependencies): ServiceImpl<typeof HardwareService> {
  return {
    async hardwareList(request) {
      const { machine } = validate(listRequest, request);
      const machineId = await machineOf(database, machine);
      const records = await hardwareList(database, machineId);
      return { machineId, reports: records.map((record) => summary(record)) };
    },

    async hardwareShow(request) {
      const { machine, number } = validate(showRequest, request);
      const machineId = await machineOf(database, machine);
      const record = await hardwareShow(database, machineId, number);
      const report = readable(record);
      const devices = report.report?.blockDevice ?? [];
      const disks = devices.map((device) => ({ name: device.name, selectors: diskSelectors(device, devices) }));
      const health = await healthOf(database, machineId);
      return {
        ...{ machineId, summary: summary(record), report, disks },
        ...(health === undefined ? {} : { health: healthMessage(health) }),
      };
    },

    async hardwareDiff(request) {
      const { machine, from, to } = validate(diffRequest, request);
      const machineId = await machineOf(database, machine);
      const later = await hardwareShow(database, machineId, to);
      const earlier = await hardwareShow(database, machineId, from === 0n ? await before(machineId, later) : from);
      const changes = hardwareChanges(readable(earlier), readable(later));
      return {
        machineId,
        from: earlier.number,
        to: later.number,
        changes: changes.map((change) => ({ ...change, kind: kinds[change.kind] })),
      };
    },
  };

  /** The number of the report before `later`. */
  async function before(machineId: Parameters<typeof hardwareList>[1], later: HardwareRecord): Promise<bigint> {
    const [found] = (await hardwareList(database, machineId)).filter(({ number }) => number < later.number);
    if (found === undefined) {
      throw new ConnectError(
        `hardware report ${later.number} is the oldest that is kept of this machine: there is no earlier one to compare with`,
        Code.FailedPrecondition,
      );
    }
    return found.number;
  }
}

function decode({ raw }: HardwareRecord): AgentHardwareReport | undefined {
  try {
    return fromBinary(AgentHardwareReportSchema, raw);
  } catch {
    // The caller reports the error. The bytes are as the agent sent them, and another server version may be able to
    // read them.
    return undefined;
  }
}

/** @throws {ConnectError} data_loss */
function readable(record: HardwareRecord): AgentHardwareReport {
  const report = decode(record);
  if (report === undefined) {
    throw new ConnectError(
      `hardware report ${record.number} can't be read: the agent's next report replaces it`,
      Code.DataLoss,
    );
  }
  return report;
}

function summary(record: HardwareRecord): HardwareSummary {
  const report = decode(record);
  const known = create(HardwareSummarySchema, {
    number: record.number,
    reportedAt: timestampFromDate(record.reportedAt),
    unreadable: report === undefined,
  });
  if (report === undefined) {
    return known;
  }
  const amounts = hardwareAmounts(report);
  return Object.assign(known, {
    manufacturer: report.report?.manufacturer ?? "",
    product: report.report?.product ?? "",
    serialNumber: report.report?.serialNumber ?? "",
    cpuCores: BigInt(amounts.cores),
    cpuThreads: BigInt(amounts.threads),
    memoryBytes: amounts.memoryBytes,
    disks: BigInt(amounts.disks),
    diskBytes: amounts.diskBytes,
    networkInterfaces: BigInt(amounts.networkInterfaces),
  });
}
