/** The machine behind a simulated controller. */
export interface MachineBehind {
  /** May be asked often. */
  powerGet(): Promise<"on" | "off" | "powering-on" | "powering-off">;
  /** Returns when it is under way. `off` and `reset` ask nobody on the machine. */
  powerSet(action: "on" | "off" | "soft-off" | "reset" | "nmi"): Promise<void>;
  /** Told before each start: Redfish's name of the boot target, undefined = its own order. */
  bootFrom?(target: string | undefined): Promise<void>;
  uuid: string;
  serial: string;
  macs: readonly string[];
}

/** A machine that is only a state, for tests. */
export class MemoryMachine implements MachineBehind {
  readonly uuid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  /** Times that `powerGet` shows the way between two states before the new one. */
  slow = 0;
  /** The machine accepts power commands without effect. */
  stuck = false;
  /** Actions in the order in which they arrived. */
  readonly actions: string[] = [];
  /** The boot device of each start. */
  readonly boots: (string | undefined)[] = [];
  #state: "on" | "off";
  #left = 0;

  constructor(options: { uuid?: string; serial?: string; macs?: readonly string[]; state?: "on" | "off" } = {}) {
    this.uuid = options.uuid ?? "4c4c4544-0042-3510-8052-b4c04f4d3233";
    this.serial = options.serial ?? "SIM0001";
    this.macs = options.macs ?? ["52:54:00:ab:cd:01", "52:54:00:ab:cd:02"];
    this.#state = options.state ?? "off";
  }

  powerGet(): Promise<"on" | "off" | "powering-on" | "powering-off"> {
    if (this.#left > 0) {
      this.#left -= 1;
      return Promise.resolve(this.#state === "on" ? "powering-on" : "powering-off");
    }
    return Promise.resolve(this.#state);
  }

  powerSet(action: "on" | "off" | "soft-off" | "reset" | "nmi"): Promise<void> {
    this.actions.push(action);
    if (!this.stuck && action !== "nmi") {
      this.#state = action === "on" || action === "reset" ? "on" : "off";
      this.#left = this.slow;
    }
    return Promise.resolve();
  }

  bootFrom(target: string | undefined): Promise<void> {
    this.boots.push(target);
    return Promise.resolve();
  }
}
