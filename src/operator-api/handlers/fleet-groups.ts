import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import {
  FleetGroupBy,
  type FleetGroupsRequest,
  type FleetGroupsResponseSchema,
} from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { fleetGroups, type FleetGrouping, type FleetGroups } from "../../database/queries/views/fleet-groups.ts";
import { systemClock } from "../../lib/clock.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { sharedCount } from "../requests/shared-count.ts";
import { labelKeyField, validate } from "../requests/validate.ts";

const groupsRequest = z
  .object({ by: z.number(), label: z.string() })
  .transform(({ by, label }, context): FleetGrouping => {
    const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (by !== FleetGroupBy.LABEL && label !== "") {
      fault("label", "expected none without FLEET_GROUP_BY_LABEL");
      return z.NEVER;
    }
    switch (by) {
      case FleetGroupBy.PROVIDER:
        return { by: "provider" };
      case FleetGroupBy.LOCATION:
        return { by: "location" };
      case FleetGroupBy.LABEL: {
        const key = labelKeyField.safeParse(label);
        if (key.success) {
          return { by: "label", label };
        }
        fault("label", key.error.issues[0]?.message ?? "expected a label's key");
        return z.NEVER;
      }
      default:
        fault("by", "expected FLEET_GROUP_BY_LABEL, FLEET_GROUP_BY_PROVIDER or FLEET_GROUP_BY_LOCATION");
        return z.NEVER;
    }
  });

const bigints = (counts: Readonly<Record<string, number>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, BigInt(count)]));

/** Counts machines by state for each value of a label, provider or location. */
export function fleetGroupsHandler({ database, clock = systemClock }: OperatorApiDependencies) {
  const shared = sharedCount<FleetGroups>(clock, ({ machines }) => machines);
  return async (request: FleetGroupsRequest): Promise<MessageInitShape<typeof FleetGroupsResponseSchema>> => {
    const grouping = validate(groupsRequest, request);
    const { groups, more, at } = await shared(JSON.stringify(grouping), () => fleetGroups(database, grouping));
    return {
      groups: groups.map(({ value, machines, states }) => ({
        value: value ?? "",
        none: value === undefined,
        machines: BigInt(machines),
        states: bigints(states),
      })),
      more,
      at: timestampFromDate(at),
    };
  };
}
