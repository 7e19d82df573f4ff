import { createConnectQueryKey } from "@connectrpc/connect-query";
import { FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";

/** Milliseconds between two looks while the page is seen and changes are not heard. */
export const workEvery = 3_000;
/** What the page's tables of machines take. */
export interface WorkPartProps {
  /** Milliseconds between two looks; changes of machines are heard besides. */
  every: number;
}

/** Entries of work and backoffs that are read; the page says so where there are more. */
export const lookedAt = 1_000;

/** The live components. */
export const sessionsQuery = { method: FleetService.method.sessionList, input: {} } as const;
/** Which component works on which machine. */
export const workQuery = { method: FleetService.method.workList, input: { pageSize: lookedAt } } as const;
/** For which machines work waits. */
export const backoffsQuery = { method: FleetService.method.backoffList, input: { pageSize: lookedAt } } as const;
/** For what is eligible. */
export const countsQuery = { method: FleetService.method.fleetSummary, input: {} } as const;

/** The beginnings of the keys of what a machine's change may change. */
export const workKeys = {
  backoffs: createConnectQueryKey({ schema: backoffsQuery.method, cardinality: "finite" }),
  work: createConnectQueryKey({ schema: workQuery.method, cardinality: "finite" }),
  counts: createConnectQueryKey({ schema: countsQuery.method, cardinality: "finite" }),
} as const;
