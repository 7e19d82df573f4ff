import { createConnectQueryKey } from "@connectrpc/connect-query";
import { FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";

/** Milliseconds between two counts of the fleet while the page is seen. */
export const countEvery = 2_000;

/** The fleet in numbers. */
export const summaryQuery = { method: FleetService.method.fleetSummary, input: {} } as const;

/** The beginning of its key. */
export const summaryKey = createConnectQueryKey({ schema: FleetService.method.fleetSummary, cardinality: "finite" });

/** What runs now: the oldest requests first, which are the slowest to end. */
export const runningQuery = {
  method: InstallationService.method.installationList,
  input: { states: [InstallationState.PENDING], oldestFirst: true, pageSize: 200 },
};

/** The beginning of its key. */
export const runningKey = createConnectQueryKey({
  schema: InstallationService.method.installationList,
  cardinality: "finite",
});
