import { machineStateLook, machineStateOrder } from "../../parts/machine-state-looks.ts";
import type { Tone } from "../../ui/Chip.tsx";

/** What a group looks like by its machines. */
export interface GroupShade {
  tone: Tone;
  /** The worst state that a machine of it has, and how many have a state of this tone. */
  worst: string;
  count: number;
  /** Part of the group, 0 to 1. */
  share: number;
}

const severity: readonly Tone[] = ["bad", "warn", "busy", "idle", "good"];

/** The worst tone of a group's machines, and the share of the machines that have it. Pure. */
export function groupShade(states: Readonly<Record<string, bigint>>): GroupShade {
  const looks = machineStateOrder.map((state) => machineStateLook(state));
  const counted = looks.flatMap((look) => {
    const count = Number(states[look.word] ?? 0n);
    return count === 0 ? [] : [{ ...look, count }];
  });
  const all = Object.values(states).reduce((sum, count) => sum + Number(count), 0);
  const tone = severity.find((one) => counted.some((look) => look.tone === one)) ?? "idle";
  const such = counted.filter((look) => look.tone === tone);
  const count = such.reduce((sum, look) => sum + look.count, 0);
  return { tone, worst: such.map(({ word }) => word).join(", "), count, share: all === 0 ? 0 : count / all };
}
