import { fromBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { hardwareAmounts } from "../contract/hardware-amounts.ts";
import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import { hardwareGroupsStore, type HardwareGroup } from "../database/queries/hardware/hardware-groups.ts";
import {
  hardwareReportsPage,
  hardwareTotalsClaim,
  hardwareTotalsStore,
  type HardwareAmountsTotal,
  type HardwareTotals,
} from "../database/queries/hardware/hardware-totals.ts";
import { hardwareAdd, hardwareGrouped, noHardware } from "./hardware-grouped.ts";
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
      const { totals, groups } = await hardwareCount(database);
      await hardwareGroupsStore(database, groups);
      await hardwareTotalsStore(database, totals);
      return { reports: totals.reports, unreadable: totals.unreadable };
    },
  };
}

async function hardwareCount(database: Database): Promise<{ totals: HardwareTotals; groups: HardwareGroup[] }> {
  const totals = noHardware();
  const grouped = hardwareGrouped();
  let after: MachineId | undefined;
  for (;;) {
    const page = await hardwareReportsPage(database, after, pageRows);
    for (const { raw, provider, location } of page) {
      const amounts = amountsOf(raw);
      hardwareAdd(totals, amounts);
      hardwareAdd(grouped.of(provider, location), amounts);
    }
    if (page.length < pageRows) {
      return { totals, groups: grouped.groups() };
    }
    after = page.at(-1)?.machineId;
  }
}

/** What one report has. */
function amountsOf(raw: Uint8Array): HardwareAmountsTotal {
  try {
    const amounts = hardwareAmounts(fromBinary(AgentHardwareReportSchema, raw));
    return {
      reports: 1,
      cores: amounts.cores,
      threads: amounts.threads,
      memoryBytes: Number(amounts.memoryBytes),
      disks: amounts.disks,
      diskBytes: Number(amounts.diskBytes),
      unreadable: 0,
    };
  } catch {
    // Counted here, and shown by the machine's own hardware list.
    return { ...noHardware(), reports: 1, unreadable: 1 };
  }
}
