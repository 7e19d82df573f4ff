import { type PowerAction, type Provider, ProviderError, type ProviderPower } from "../provider.ts";
import type { PowerCommand } from "../../controllers/controller.ts";
import { costlyPace, type MachineSwitch } from "./machine-switch.ts";

/** The power switch of a provider, for one machine. @param providerId the provider's id of the machine */
export function providerSwitch(provider: Provider & { power: ProviderPower }, providerId: string): MachineSwitch {
  const { power, name } = provider;
  return {
    by: name,
    get: (signal) => power.get(providerId, signal),
    pace: provider.powerPace === undefined ? 0 : costlyPace,
    set: async (command, signal) => {
      for (const action of actionsOf(name, command)) {
        await power.set(providerId, action, { signal });
      }
    },
    onInto: (target, signal) => power.set(providerId, "on", { boot: target, signal }),
    // A provider applies the boot source to that one boot only, so there is nothing to remove.
    leavesOverride: false,
    bootToDisk: () => Promise.resolve(),
  };
}

/** The provider's actions for a command. @throws {ProviderError} `refused` for a command that no provider supports */
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
