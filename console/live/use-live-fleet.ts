import { create } from "@bufbuild/protobuf";
import type { QueryKey } from "@tanstack/react-query";
import { MachineFilterSchema } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { useLiveInterest, useLiveStatus } from "./live.ts";
import { useRefreshOnChange } from "./use-refresh-on-change.ts";

/** Machines up to which every change of the fleet is heard. */
const heardMost = 2_000n;
/** Milliseconds between two looks where changes are heard: for what no machine's change tells. */
const slow = 15_000;

const none: readonly string[] = [];
const wholeFleet = create(MachineFilterSchema);

/**
 * Reads figures of the fleet again when a machine has changed, at most once a second, where the fleet is small enough to
 * hear of each change. `key` must stay the same object.
 * @param machines how many there are; undefined while that is not known
 * @param every milliseconds between two looks where changes are not heard
 * @returns the milliseconds between two looks
 */
export function useLiveFleet(key: QueryKey, machines: bigint | undefined, every: number): number {
  const heard = machines !== undefined && machines <= heardMost;
  useLiveInterest(none, heard ? wholeFleet : undefined);
  useRefreshOnChange(key);
  const { live } = useLiveStatus();
  return heard && live ? slow : every;
}
