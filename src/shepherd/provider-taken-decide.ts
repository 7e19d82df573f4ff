import type { MachineId } from "../database/ids.ts";
import type { Taken } from "../database/queries/provider/provided-taken.ts";
import type { ProvidedKnown } from "../database/queries/provider/provided.ts";
import type { ProvidedChange } from "../database/queries/provider/provided-update.ts";
import { defined } from "../lib/defined.ts";
import type { ProvidedMachine } from "./provider.ts";
import { isSameListed, type SyncUpdate } from "./provider-sync-decide.ts";

/** How a listed machine is stored, and what of it can't be, a line each. */
export type MachineFit = { problems: string[] } & (
  | { how: "add"; machine: ProvidedMachine }
  | { how: "join"; machineId: MachineId }
  /** Another shepherd has just added it. */
  | { how: "there" }
  | { how: "refuse" }
);

/**
 * How a machine is stored that is not known yet at its provider. Where a name is taken, it goes without; where a UUID is, its
 * MACs have to tell it apart: some makers gave one UUID to several boards. A MAC is one machine's only. Pure.
 */
export function machineFit(machine: ProvidedMachine, taken: Taken, provider: string): MachineFit {
  const { providerId } = machine;
  const { joins } = taken;
  if (taken.there) {
    return { how: "there", problems: [] };
  }
  if (joins !== undefined) {
    return joins.free
      ? { how: "join", machineId: joins.machineId, problems: [] }
      : {
          how: "refuse",
          problems: [
            joins.provider === provider
              ? `${providerId}: is machine ${joins.title}, which the list has as ${joins.providerId} too: expected it once`
              : `${providerId}: is machine ${joins.title}, which provider ${joins.provider} lists: expected it in one list only`,
          ],
        };
  }
  const [mac] = taken.macs.filter((one) => !taken.shared.includes(one.mac));
  if (mac !== undefined) {
    return {
      how: "refuse",
      problems: [
        `${providerId}: MAC ${mac.mac} is machine ${mac.by}'s, whose other marks differ: expected it in one machine only`,
      ],
    };
  }
  const { name, smbiosUuid, ...least } = machine;
  const problems: string[] = [];
  const stored: ProvidedMachine = { ...least, macs: least.macs.filter((one) => !taken.shared.includes(one)) };
  if (smbiosUuid !== undefined && taken.smbiosUuid === undefined) {
    stored.smbiosUuid = smbiosUuid;
  } else if (smbiosUuid !== undefined) {
    const problem = `${providerId}: SMBIOS UUID ${smbiosUuid} is machine ${taken.smbiosUuid}'s`;
    if (stored.macs.length === 0) {
      return { how: "refuse", problems: [`${problem}, and no MAC tells the two apart: add its MACs`] };
    }
    problems.push(`${problem}: it is known by its MACs alone`);
  }
  if (name !== undefined && taken.name === undefined) {
    stored.name = name;
  } else if (name !== undefined) {
    problems.push(`${providerId}: the name "${name}" is another machine's: it has none`);
  }
  return { how: "add", machine: stored, problems };
}

/**
 * The changes of a batch without what other machines have already. What the batch itself takes away from a machine is free
 * for another one in it: two machines that were exchanged in the list have each other's UUID and MACs. Pure.
 * @param taken what other machines have of each change, in the same order
 */
export function changesFit(
  batch: readonly SyncUpdate[],
  taken: readonly Taken[],
): { change?: ProvidedChange; problems: string[] }[] {
  const freed = new Set(
    batch.flatMap(({ before, change }) => [
      // A MAC that was listed may be another machine's by now, which keeps it.
      ...change.removeMacs.filter((mac) => before.own.macs.includes(mac)),
      ...uuidLeft(before, change),
    ]),
  );
  for (;;) {
    const fits = batch.map((update, n) => changeFit(update, taken[n] ?? nothingTaken, freed));
    // Those that can't have their new UUID keep their own, which is free for nobody then.
    const kept = batch.flatMap(({ before, change }, n) =>
      fits[n]?.change?.smbiosUuid === undefined ? uuidLeft(before, change).filter((uuid) => freed.has(uuid)) : [],
    );
    if (kept.length === 0) {
      return fits;
    }
    kept.forEach((uuid) => freed.delete(uuid));
  }
}

/** What a machine has of which nothing is taken. */
export const nothingTaken: Taken = { macs: [], shared: [], there: false };

/** The UUID that a change takes away from its machine; empty if it takes none. */
function uuidLeft({ own }: ProvidedKnown, { smbiosUuid }: ProvidedChange): string[] {
  return smbiosUuid === undefined || own.smbiosUuid === undefined ? [] : [own.smbiosUuid];
}

/**
 * A change without what other machines have already, and what that is, a line each. What can't be taken is not noted as
 * listed, so that the next sync tries it again; `change` is absent if nothing is left of it. Pure.
 * @param freed UUIDs and MACs that the same transaction takes away from their machines
 */
function changeFit(
  { before, change }: SyncUpdate,
  taken: Taken,
  freed: ReadonlySet<string>,
): { change?: ProvidedChange; problems: string[] } {
  const problems: string[] = [];
  const { providerId } = change.listed;
  const listed = { ...change.listed };
  const fit = { ...change, listed };
  if (taken.name !== undefined) {
    problems.push(`${providerId}: the name "${change.name}" is another machine's: it keeps its own`);
    delete fit.name;
    delete listed.name;
  }
  if (taken.smbiosUuid !== undefined && !freed.has(change.smbiosUuid ?? "")) {
    problems.push(`${providerId}: SMBIOS UUID ${change.smbiosUuid} is machine ${taken.smbiosUuid}'s: it keeps its own`);
    delete fit.smbiosUuid;
    delete listed.smbiosUuid;
    Object.assign(listed, defined({ smbiosUuid: before.smbiosUuid }));
  }
  const foreign = taken.macs.filter(({ mac }) => !freed.has(mac));
  const left = new Set([
    ...foreign.map(({ mac }) => mac),
    ...taken.shared.filter((mac) => change.addMacs.includes(mac)),
  ]);
  if (left.size > 0) {
    fit.addMacs = change.addMacs.filter((mac) => !left.has(mac));
    listed.macs = listed.macs.filter((mac) => !left.has(mac));
    problems.push(
      ...foreign.map(({ mac, by }) => `${providerId}: MAC ${mac} is machine ${by}'s: expected it in one machine only`),
    );
  }
  return before.vanished || !isSameListed(before, listed) ? { change: fit, problems } : { problems };
}
