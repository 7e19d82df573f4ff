import type { ProvidedFacts, ProvidedKnown } from "../database/queries/provider/provided.ts";
import type { ProvidedMachine } from "./provider.ts";

/** The changes that a provider's list requires. */
export interface SyncDecision {
  add: ProvidedMachine[];
  update: { known: ProvidedKnown; machine: ProvidedMachine }[];
  vanish: ProvidedKnown[];
}

/** Compares a provider's list with what is stored. Pure. */
export function syncDecide(listed: readonly ProvidedMachine[], known: readonly ProvidedKnown[]): SyncDecision {
  const there = new Map(known.map((machine) => [machine.providerId, machine]));
  const decision: SyncDecision = { add: [], update: [], vanish: [] };
  for (const machine of listed) {
    const before = there.get(machine.providerId);
    there.delete(machine.providerId);
    if (before === undefined) {
      decision.add.push(machine);
    } else if (before.vanished || told(before) !== told(machine)) {
      decision.update.push({ known: before, machine });
    }
  }
  decision.vanish = [...there.values()].filter(({ vanished }) => !vanished);
  return decision;
}

/** The properties that can change, as one text. */
function told({ smbiosUuid, macs, address, location, status }: ProvidedFacts): string {
  return JSON.stringify([smbiosUuid ?? "", macs.toSorted(), address ?? "", location ?? "", status ?? ""]);
}
