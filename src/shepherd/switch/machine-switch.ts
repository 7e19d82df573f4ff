import type { BootTarget, ControllerPower, PowerCommand } from "../../controllers/controller.ts";

/** Switches one machine, by whatever does it: its controller, or its provider's power. */
export interface MachineSwitch {
  /** "controller", or the provider's name. */
  by: string;
  get(signal: AbortSignal): Promise<ControllerPower>;
  /** Returns when it is done; `on` and `off` that are so already are done. */
  set(command: PowerCommand, signal: AbortSignal): Promise<void>;
  /** Switches a machine on that is off, so that it boots from there this once. */
  onInto(target: "network" | "disk", signal: AbortSignal): Promise<void>;
  /** Where it boots from; absent where nobody can say so but at a start. */
  bootSet?: (target: BootTarget, options: { once: boolean; signal: AbortSignal }) => Promise<void>;
  /** Takes what was said about the next boot back. */
  bootClear(signal: AbortSignal): Promise<void>;
  /** Its identification light; absent where it has none. */
  identify?: (on: boolean, signal: AbortSignal) => Promise<void>;
}
