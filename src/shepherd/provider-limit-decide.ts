import type { MachineId } from "../database/ids.ts";
import type { DoubtKind } from "../database/queries/provider/provider-doubt.ts";
import { counted } from "../lib/format/counted.ts";
import type { ProvidedListing } from "./provider.ts";
import type { SyncDecision } from "./provider-sync-decide.ts";

/** What a list may change, and of which machines it is not believed. */
export interface LimitDecision {
  /** Why the list as a whole is not believed; undefined = it is. */
  cause?: string;
  doubts: { machineId: MachineId; doubt: DoubtKind }[];
  /** Whether machines that are not in the list are gone. */
  vanish: boolean;
}

/** How many machines may be gone, or be others, at once: a tenth, and always two. */
function isTooMany(number: number, known: number): boolean {
  return number >= 3 && number > known / 10;
}

/**
 * Whether a provider's list is believed: where it and the database differ too much, more likely the list is wrong, and
 * nothing of it is taken until an operator accepts. Pure.
 * @param known number of the provider's machines that were listed before
 * @param accepted machines of which an operator has accepted what the list says, and what it was
 */
export function limitDecide(
  { vanish, changed }: Pick<SyncDecision, "vanish" | "changed">,
  { problems = [], doubt }: Pick<ProvidedListing, "problems" | "doubt">,
  { known, accepted, believed }: { known: number; accepted: ReadonlyMap<MachineId, DoubtKind>; believed: boolean },
): LimitDecision {
  // That a machine is gone was accepted, not that it is back as another one.
  const gone = vanish.filter(({ machineId }) => accepted.get(machineId) !== "gone");
  const others = changed.filter(({ machineId }) => accepted.get(machineId) !== "changed");
  const goneKept = problems.length > 0;
  const causes = [
    ...(goneKept || believed || !(isTooMany(gone.length, known) || (doubt !== undefined && gone.length > 0))
      ? []
      : [
          `${gone.length} of ${counted(known, "machine")} ${gone.length === 1 ? "is" : "are"} gone from its list at once${doubt === undefined ? "" : `: ${doubt}`}`,
        ]),
    ...(believed || !isTooMany(others.length, known)
      ? []
      : [`${others.length} of ${known} machines have another UUID or other MACs at once`]),
  ];
  if (causes.length === 0) {
    return { doubts: [], vanish: !goneKept };
  }
  return {
    cause: causes.join(", and "),
    doubts: [
      // Those that were accepted are kept, so that they stay accepted.
      ...(goneKept ? [] : vanish).map(({ machineId }) => ({ machineId, doubt: "gone" as const })),
      ...changed.map(({ machineId }) => ({ machineId, doubt: "changed" as const })),
    ],
    vanish: false,
  };
}
