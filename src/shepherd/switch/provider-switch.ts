import { type PowerAction, type Provider, ProviderError, type ProviderPower } from "../provider.ts";
import type { PowerCommand } from "../../controllers/controller.ts";
import type { MachineSwitch } from "./machine-switch.ts";

/** A machine's switch where its provider has one. @param providerId what the provider calls it */
export function providerSwitch(provider: Provider & { power: ProviderPower }, providerId: string): MachineSwitch {
  const { power, name } = provider;
  return {
    by: name,
    get: (signal) => power.get(providerId, signal),
    set: async (command, signal) => {
      for (const action of actionsOf(name, command)) {
        await power.set(providerId, action, { signal });
      }
    },
    onInto: (target, signal) => power.set(providerId, "on", { boot: target, signal }),
    // What is said at a start holds for that boot alone.
    bootClear: () => Promise.resolve(),
  };
}

/** @throws {ProviderError} `refused` for what no provider's switch does */
function actionsOf(provider: string, command: PowerCommand): PowerAction[] {
  switch (command) {
    case "on":
    case "off":
    case "reset":
      return [command];
    case "cycle":
      return ["off", "on"];
    case "soft-off":
    case "nmi":
      throw new ProviderError(
        "refused",
        `the power switch of provider ${provider} can't do "${command}": it can do on, off, cycle and reset`,
      );
  }
}
