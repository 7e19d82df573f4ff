import type { ProvidedChange } from "../database/queries/provider/provided-update.ts";
import type { ProvidedFacts, ProvidedKnown } from "../database/queries/provider/provided.ts";
import type { ProvidedMachine } from "./provider.ts";

/** A change of a known machine, and what was listed of it before. */
export interface SyncUpdate {
  before: ProvidedKnown;
  change: ProvidedChange;
}

/** The changes that a provider's list requires. */
export interface SyncDecision {
  add: ProvidedMachine[];
  update: SyncUpdate[];
  vanish: ProvidedKnown[];
  /** Of the updates, the machines that the list has under another identity: another UUID, or none of their MACs. */
  changed: ProvidedKnown[];
}

/**
 * Compares a provider's list with what is stored. A machine is found by its id there; one whose id is not listed any more,
 * by its UUID or MACs. Pure.
 */
export function syncDecide(listed: readonly ProvidedMachine[], known: readonly ProvidedKnown[]): SyncDecision {
  const left = new Map(known.map((machine) => [machine.providerId, machine]));
  const decision: SyncDecision = { add: [], update: [], vanish: [], changed: [] };
  const strange: ProvidedMachine[] = [];
  const compare = (before: ProvidedKnown, machine: ProvidedMachine): void => {
    left.delete(before.providerId);
    if (before.vanished || !isSameListed(before, machine)) {
      decision.update.push({ before, change: changeOf(before, machine) });
    }
    if (!before.vanished && isOther(before, machine)) {
      decision.changed.push(before);
    }
  };
  for (const machine of listed) {
    const before = left.get(machine.providerId);
    if (before === undefined) {
      strange.push(machine);
    } else {
      compare(before, machine);
    }
  }
  const byIdentity = new Map(
    [...left.values()].flatMap((machine) => identities(machine).map((identity) => [identity, machine] as const)),
  );
  for (const machine of strange) {
    const candidates = new Set(
      identities(machine).flatMap((identity) => {
        const before = byIdentity.get(identity);
        return before !== undefined && left.has(before.providerId) ? [before] : [];
      }),
    );
    const [before] = candidates;
    if (before !== undefined && candidates.size === 1 && !isOther(before, machine)) {
      compare(before, machine);
    } else {
      decision.add.push(machine);
    }
  }
  decision.vanish = [...left.values()].filter(({ vanished }) => !vanished);
  return decision;
}

function identities({ smbiosUuid, macs }: Pick<ProvidedFacts, "smbiosUuid" | "macs">): string[] {
  return [...(smbiosUuid === undefined ? [] : [smbiosUuid]), ...macs];
}

/** Whether the list has another machine in this one's place. */
function isOther(before: ProvidedKnown, { smbiosUuid, macs }: ProvidedMachine): boolean {
  const otherBoard = before.smbiosUuid !== undefined && smbiosUuid !== undefined && before.smbiosUuid !== smbiosUuid;
  const noMac = before.macs.length > 0 && macs.length > 0 && !before.macs.some((mac) => macs.includes(mac));
  return otherBoard || noMac;
}

/** Whether two entries say the same. Pure. */
export function isSameListed(one: ProvidedFacts, other: ProvidedFacts): boolean {
  return told(one) === told(other);
}

/** The properties that can change, as one text. */
function told(facts: ProvidedFacts): string {
  const { providerId, name, serial, smbiosUuid, macs, address, location, status, labels, controller, network } = facts;
  return JSON.stringify([
    ...[providerId, name, serial, smbiosUuid, macs.toSorted(), address, location, status, network],
    ...[Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)), controllerText(controller)],
  ]);
}

function controllerText(controller: ProvidedFacts["controller"]): string {
  return JSON.stringify(
    controller === undefined
      ? []
      : [
          ...[controller.protocol, controller.url, controller.system, controller.credential],
          Object.entries(controller.trust ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
        ],
  );
}

/**
 * What changes of a known machine. Only what the list itself changed is changed: what the machine has from elsewhere, such
 * as an operator's labels or MACs that its controller named, stays.
 */
function changeOf(before: ProvidedKnown, machine: ProvidedMachine): ProvidedChange {
  const { own } = before;
  const labels = machine.labels ?? {};
  const labelsBefore = before.labels ?? {};
  const renamed =
    machine.name !== undefined &&
    machine.name !== own.name &&
    (own.name === undefined || (own.name === before.name && before.name !== machine.name));
  return {
    machineId: before.machineId,
    listed: machine,
    returned: before.vanished,
    ...(machine.smbiosUuid === before.smbiosUuid ? {} : { smbiosUuid: machine.smbiosUuid ?? null }),
    addMacs: machine.macs.filter((mac) => !before.macs.includes(mac) && !own.macs.includes(mac)),
    removeMacs: before.macs.filter((mac) => !machine.macs.includes(mac)),
    setLabels: Object.fromEntries(Object.entries(labels).filter(([key, value]) => labelsBefore[key] !== value)),
    removeLabels: Object.keys(labelsBefore).filter((key) => !Object.hasOwn(labels, key)),
    ...(renamed && machine.name !== undefined ? { name: machine.name } : {}),
    controllerChanged: controllerText(before.controller) !== controllerText(machine.controller),
    ...(before.network === machine.network ? {} : { networkBefore: before.network ?? null }),
    wentOff: machine.status?.toLowerCase() === "off" && before.status?.toLowerCase() !== "off",
  };
}
