import type { BootLeft } from "../../database/queries/boot/boot-override.ts";
import type { BootTarget, ControllerPower, PowerCommand } from "../../controllers/controller.ts";

/** The pace where a reading costs something: controllers answer slowly, and some providers run a program for it. */
export const costlyPace = 5_000;

/** A power switch for one machine: its controller, or its provider's power switch. */
export interface MachineSwitch {
  /** "controller", or the name of the provider. */
  by: string;
  get(signal: AbortSignal): Promise<ControllerPower>;
  /** Milliseconds between two readings of the power of a machine on its way. */
  pace: number;
  /** Resolves when the command is done. `on` and `off` change nothing if the machine is in that state already. */
  set(command: PowerCommand, signal: AbortSignal): Promise<void>;
  /** Switches on a machine that is off, so that this one boot is from `target`. */
  onInto(target: "network" | "disk", signal: AbortSignal): Promise<void>;
  /** Sets the boot source; absent if the boot source can only be chosen when the machine is switched on. */
  bootSet?: (target: BootTarget, options: { once: boolean; signal: AbortSignal }) => Promise<void>;
  /**
   * Whether a start leaves an override behind that has to be removed. False if the boot source is chosen for that one
   * boot only.
   */
  leavesOverride: boolean;
  /**
   * Removes a boot override and what starts have left with it, and resolves when the machine is shown to boot from its
   * disk from now on.
   */
  bootToDisk(left: readonly BootLeft[], signal: AbortSignal): Promise<void>;
  /** Switches the identification light; absent if the machine has none. */
  identify?: (on: boolean, signal: AbortSignal) => Promise<void>;
}
