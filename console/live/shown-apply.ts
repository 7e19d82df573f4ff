import { createConnectQueryKey } from "@connectrpc/connect-query";
import { MachineService, type Machine, type MachineShowResponse } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { queryClient } from "../api/query-client.ts";
import { changesSubscribe } from "./machine-store.ts";

const showKey = createConnectQueryKey({ schema: MachineService.method.machineShow, cardinality: "finite" });

/** Puts changed machines into the answers of MachineShow that pages hold; returns what ends it. */
export function shownApply(): () => void {
  return changesSubscribe((changes) => {
    const byId = new Map(changes.map((change) => [change.id, change.machine]));
    for (const query of queryClient.getQueryCache().findAll({ queryKey: showKey })) {
      const answer = query.state.data as MachineShowResponse | undefined;
      const shown = answer?.machine;
      const changed = shown === undefined ? undefined : byId.get(shown.id);
      if (answer === undefined || shown === undefined || changed === undefined) {
        continue;
      }
      const underWay = query.state.fetchStatus === "fetching";
      queryClient.setQueryData(query.queryKey, { ...answer, machine: withEvents(changed, shown) });
      if (underWay) {
        // Its answer may be older than the change.
        void queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true });
      }
    }
  });
}

/** The stream leaves out the controller's events, as lists do: those that were read stay. */
function withEvents(changed: Machine, shown: Machine): Machine {
  const { health } = changed;
  return health === undefined || health.events.length > 0 || shown.health === undefined
    ? changed
    : { ...changed, health: { ...health, events: shown.health.events } };
}
