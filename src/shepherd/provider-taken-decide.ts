import type { MachineId } from "../database/ids.ts";
import type { Taken } from "../database/queries/provider/provided-taken.ts";
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
 * A change without what other machines have already, and what that is, a line each. What can't be taken is not noted as
 * listed, so that the next sync tries it again; `change` is absent if nothing is left of it. Pure.
 * @param freed MACs that the same transaction takes away from their machines
 */
export function changeFit(
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
  if (taken.smbiosUuid !== undefined) {
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
