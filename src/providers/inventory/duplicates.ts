import type { ProvidedMachine } from "../../shepherd/provider.ts";

/** A machine with its place in the inventory. */
export interface PlacedMachine {
  place: string;
  machine: ProvidedMachine;
}

/** What no two machines of an inventory may have in common. */
function identities({ providerId, name, serial, smbiosUuid, macs, controller }: ProvidedMachine): string[] {
  return [
    `id ${providerId}`,
    ...(name === undefined ? [] : [`name ${name}`]),
    ...(serial === undefined ? [] : [`serial ${serial}`]),
    ...(smbiosUuid === undefined ? [] : [`uuid ${smbiosUuid}`]),
    ...macs.map((mac) => `mac ${mac}`),
    ...(controller === undefined ? [] : [`controller ${controller.url} ${controller.system ?? ""}`.trimEnd()]),
  ];
}

/**
 * Leaves out every machine that has something in common with another: which of the two is right, nobody knows. Each
 * thing in common is named once with all its places. Pure.
 */
export function duplicatesLeaveOut(placed: readonly PlacedMachine[]): {
  machines: ProvidedMachine[];
  problems: string[];
} {
  const places = new Map<string, PlacedMachine[]>();
  for (const one of placed) {
    for (const identity of identities(one.machine)) {
      const others = places.get(identity);
      if (others === undefined) {
        places.set(identity, [one]);
      } else {
        others.push(one);
      }
    }
  }
  const out = new Set<ProvidedMachine>();
  const problems: string[] = [];
  for (const [identity, all] of places) {
    if (all.length < 2) {
      continue;
    }
    all.forEach(({ machine }) => out.add(machine));
    const where = all.slice(0, 10).map(({ place }) => place);
    // An id that is also a serial number, say, is named as that.
    if (!identity.startsWith("id ") || !all.every(({ machine }) => idIsOther(machine))) {
      problems.push(
        `${where.join(" and ")}${all.length > 10 ? ` and ${all.length - 10} more` : ""}: have the same ${identity}: none of them is taken`,
      );
    }
  }
  return { machines: placed.map(({ machine }) => machine).filter((machine) => !out.has(machine)), problems };
}

/** Whether its id is also its serial number, UUID, name or MAC. */
function idIsOther({ providerId, name, serial, smbiosUuid, macs }: ProvidedMachine): boolean {
  return [name, serial, smbiosUuid, ...macs].includes(providerId);
}
