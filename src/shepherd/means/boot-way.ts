import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { netbootProgress } from "../../database/queries/boot/netboot-note.ts";
import type { WindowMedium } from "../../database/queries/boot/boot-window.ts";
import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import type { MachineSwitch } from "../switch/machine-switch.ts";

/** From where a machine boots its agent, after a power switch has switched it off. */
export interface BootWay {
  /** From where, in words: "the network". */
  from: string;
  /** Prepares one boot, before its window is opened. @throws {ControllerError} */
  prepare(signal: AbortSignal): Promise<PreparedBoot>;
  /** The reason why no agent came within the window's time, with what to look at. */
  notCome(machineId: MachineId): Promise<string>;
}

/** One boot, prepared. */
export interface PreparedBoot {
  /** The medium that is good within the window; absent = the window is for a network boot. */
  medium?: WindowMedium;
  /** Switches on the machine, which is off, so that this one boot is from there. */
  on(signal: AbortSignal): Promise<void>;
}

/** A boot from the network, which `farrier netboot` answers. */
export function networkWay(database: Database, by: MachineSwitch): BootWay {
  return {
    from: "the network",
    prepare: () => Promise.resolve({ on: (signal) => by.onInto("network", signal) }),
    notCome: async (machineId) => networkNotCome((await netbootProgress(database, machineId))?.loaded),
  };
}

/**
 * The reason why no agent came, by how many times the machine fetched the whole boot image; undefined = it was not seen
 * booting from the network. Pure.
 */
export function networkNotCome(loaded: number | undefined): string {
  if (loaded === undefined) {
    return "look at its console; is it wired to the boot network, and does that reach `farrier netboot`";
  }
  return loaded === 0
    ? `it was told to start the agent, and never fetched kernel and initramfs whole: has it too little memory (the agent needs ${agentMemoryMiB} MiB; lab machines have 2048 by default), or does its connection break off`
    : `it fetched kernel and initramfs ${loaded === 1 ? "once" : `${loaded} times`}: look at its console; has it too little memory (the agent needs ${agentMemoryMiB} MiB; lab machines have 2048 by default), and does it reach the agent port`;
}
