import { useEffect, useMemo, useRef } from "react";
import { RolloutMachineState, type Rollout, type RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { queryClient } from "../../api/query-client.ts";
import { interestMost } from "../../live/interests.ts";
import { useLiveInterest } from "../../live/live.ts";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { rolloutKey, rolloutMachinesKey } from "./queries.ts";

/**
 * Hears the changes of a rollout's machines that have not ended, and reads the rollout again. Its machines are read again
 * when its counts have changed, which may be a moment after a machine's own change.
 */
export function useRolloutLive(rollout: Rollout | undefined, machines: readonly RolloutMachine[]): void {
  // The same ids are the same text: the stream is not asked anew for them.
  const text = machines
    .filter(({ state }) => isUnderWay(state))
    .slice(0, interestMost)
    .map(({ machineId }) => machineId)
    .join(" ");
  const ids = useMemo(() => (text === "" ? [] : text.split(" ")), [text]);
  useLiveInterest(ids);
  useRefreshOnChange(rolloutKey);
  const { planned, waiting, requested, good, failed, leftOut, cancelled, refused } = rollout?.counts ?? {};
  const standing = [rollout?.state, planned, waiting, requested, good, failed, leftOut, cancelled, refused].join(" ");
  const before = useRef(standing);
  useEffect(() => {
    if (before.current !== standing) {
      before.current = standing;
      void queryClient.invalidateQueries({ queryKey: rolloutMachinesKey });
    }
  }, [standing]);
}

function isUnderWay(state: RolloutMachineState): boolean {
  return (
    state === RolloutMachineState.PLANNED ||
    state === RolloutMachineState.WAITING ||
    state === RolloutMachineState.REQUESTED
  );
}
