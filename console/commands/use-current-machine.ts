import { useMemo, useState } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { useLiveInterest } from "../live/live.ts";
import { decidingKey } from "./deciding-key.ts";
import { useLiveMachine } from "../live/machine-store.ts";

/**
 * The machine of a dialog as the stream knows it: another object only where something has changed that decides what an
 * installation would do, so that its dry run is made again then. While `held`, nothing changes it: what is being
 * sent changes the machine itself.
 */
export function useCurrentMachine(machine: Machine | undefined, held: boolean): Machine | undefined {
  const id = machine?.id;
  useLiveInterest(useMemo(() => (id === undefined ? [] : [id]), [id]));
  const current = useLiveMachine(id ?? "")?.machine ?? machine;
  const [shown, setShown] = useState(current);
  if (!held && (shown?.id !== id || decidingKey(shown) !== decidingKey(current))) {
    setShown(current);
    return current;
  }
  return shown;
}
