import { fromBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareAmounts } from "../contract/hardware-amounts.ts";
import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import {
  hardwareReportsPage,
  hardwareTotalsClaim,
  hardwareTotalsStore,
  type HardwareTotals,
} from "../database/queries/hardware/hardware-totals.ts";
import type { Task } from "./task.ts";

/** Reports read at once: at most 512 KiB each, usually a few KiB. */
const pageRows = 200;
/** Seconds for which a count is valid. */
const goodFor = 3_600;

/** Sums up all reported hardware once an hour, in one janitor: a million reports are too many to read on demand. */
export function hardwareCountTask(database: Database): Task {
  return {
    name: "hardware-count",
    interval: 60_000,
    run: async () => {
      if (!(await hardwareTotalsClaim(database, goodFor))) {
        return {};
      }
      const totals = await hardwareCount(database);
      await hardwareTotalsStore(database, totals);
      return { reports: totals.reports, unreadable: totals.unreadable };
    },
  };
}

async function hardwareCount(database: Database): Promise<HardwareTotals> {
  const totals = { reports: 0, cores: 0, threads: 0, memoryBytes: 0, disks: 0, diskBytes: 0, unreadable: 0 };
  let after: MachineId | undefined;
  for (;;) {
    const page = await hardwareReportsPage(database, after, pageRows);
    for (const { raw } of page) {
      totals.reports += 1;
      try {
        const amounts = hardwareAmounts(fromBinary(AgentHardwareReportSchema, raw));
        totals.cores += amounts.cores;
        totals.threads += amounts.threads;
        totals.memoryBytes += Number(amounts.memoryBytes);
        totals.disks += amounts.disks;
        totals.diskBytes += Number(amounts.diskBytes);
      } catch {
        // Counted here, and shown by the machine's own hardware list.
        totals.unreadable += 1;
      }
    }
    if (page.length < pageRows) {
      return totals;
    }
    after = page.at(-1)?.machineId;
  }
}
