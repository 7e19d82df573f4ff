/** The machine behind a simulated controller. */
export interface MachineBehind {
  /** The current power state; called often. */
  powerGet(): Promise<"on" | "off" | "powering-on" | "powering-off">;
  /** Resolves once the action has begun. `off` and `reset` do not shut down the operating system. */
  powerSet(action: "on" | "off" | "soft-off" | "reset" | "nmi"): Promise<void>;
  /**
   * Called before each start with Redfish's name of the boot target; undefined = the machine's own boot order.
   * @param url of an HTTP boot
   */
  bootFrom?(target: string | undefined, url?: string): Promise<void>;
  /** Called when the medium in its drive changes; undefined = the drive is empty. */
  mediumSet?(url: string | undefined): Promise<void>;
  uuid: string;
  serial: string;
  macs: readonly string[];
}

/** A machine for tests that is only a state. */
export class MemoryMachine implements MachineBehind {
  readonly uuid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  /** Number of times that `powerGet` shows the transition before the new state. */
  slow = 0;
  /** True = the machine accepts power commands, but nothing happens. */
  stuck = false;
  /** Actions in the order in which they arrived. */
  readonly actions: string[] = [];
  /** The boot target of each start. */
  readonly boots: (string | undefined)[] = [];
  /** The URL of its last HTTP boot. */
  httpBootUrl: string | undefined;
  /** The medium in its drive. */
  medium: string | undefined;
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

  bootFrom(target: string | undefined, url?: string): Promise<void> {
    this.boots.push(target);
    this.httpBootUrl = target === "UefiHttp" ? url : this.httpBootUrl;
    return Promise.resolve();
  }

  mediumSet(url: string | undefined): Promise<void> {
    this.medium = url;
    return Promise.resolve();
  }
}
