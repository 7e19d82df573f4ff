import type { Clock } from "../../lib/clock.ts";
import type { Controller } from "../controller.ts";
import { redfishController, type RedfishLimits } from "../redfish/redfish-controller.ts";
import { MemoryMachine } from "../simulated/machine.ts";
import { type MakerShape, plainShape } from "../simulated/shape.ts";
import { SimulatedController, type SimulatedOptions } from "../simulated/simulated-controller.ts";
import type { UsedPasswords } from "../used-passwords.ts";
import { quickClock } from "./quick-clock.ts";

/** A simulated controller and its client. */
export interface SimulatedSubject extends AsyncDisposable {
  simulated: SimulatedController;
  machine: MemoryMachine;
  controller: Controller;
  clock: Clock & { slept: number[] };
  /** Makes another client. `password` replaces the right password. */
  client: (options?: {
    password?: string;
    userName?: string;
    system?: string;
    limits?: Partial<RedfishLimits>;
    used?: UsedPasswords;
  }) => Controller;
}

/** Starts a simulated controller in clear text. */
export async function simulatedSubject(
  shape: Partial<MakerShape> = {},
  options: Partial<SimulatedOptions> = {},
  limits: Partial<RedfishLimits> = {},
): Promise<SimulatedSubject> {
  const machine = new MemoryMachine();
  const simulated = await SimulatedController.start({ machine, ...options, shape: { ...plainShape, ...shape } });
  const clock = quickClock();
  const clients: Controller[] = [];
  const client: SimulatedSubject["client"] = ({
    password = "simulated",
    userName = "admin",
    limits: own = limits,
    system,
    used,
  } = {}) => {
    const login = { userName, password, mayReach: () => true, ...(used === undefined ? {} : { used }) };
    const address = {
      url: simulated.url,
      trust: { by: "clear-text" },
      ...(system === undefined ? {} : { system }),
    } as const;
    const made = redfishController(address, login, { clock, limits: own });
    clients.push(made);
    return made;
  };
  const controller = client();
  return {
    simulated,
    machine,
    controller,
    clock,
    client,
    [Symbol.asyncDispose]: async () => {
      for (const one of clients) {
        await one[Symbol.asyncDispose]();
      }
      await simulated[Symbol.asyncDispose]();
    },
  };
}
