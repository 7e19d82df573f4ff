import { defined } from "../../lib/defined.ts";
import {
  type PowerAction,
  type PowerState,
  type ProvidedMachine,
  type Provider,
  ProviderError,
  type ProviderPower,
} from "../provider.ts";

/** A provider that keeps its machines in memory and records the actions on them. */
export interface FakeProvider extends Provider {
  list: NonNullable<Provider["list"]>;
  get: NonNullable<Provider["get"]>;
  power: ProviderPower;
  machines: Map<string, ProvidedMachine>;
  states: Map<string, PowerState>;
  /** "ID ACTION BOOT", in order. */
  switched: string[];
  /** While set, every call fails with this message. */
  broken: string | undefined;
  /** What its lists are said to have that can't be taken, and why they are doubted. */
  problems: string[] | undefined;
  doubt: string | undefined;
}

/** Makes a fake provider; `onSwitch` is called before each power action. */
export function fakeProvider(
  name: string,
  onSwitch: (providerId: string, action: PowerAction) => void | Promise<void> = () => undefined,
): FakeProvider {
  const machines = new Map<string, ProvidedMachine>();
  const states = new Map<string, PowerState>();

  function find(providerId: string, signal: AbortSignal): ProvidedMachine {
    signal.throwIfAborted();
    if (provider.broken !== undefined) {
      throw new ProviderError("unavailable", provider.broken);
    }
    const machine = machines.get(providerId);
    if (machine === undefined) {
      throw new ProviderError("not_found", `there is no ${providerId}`);
    }
    return machine;
  }

  const provider: FakeProvider = {
    name,
    machines,
    states,
    switched: [],
    broken: undefined,
    problems: undefined,
    doubt: undefined,
    list: async (signal) => {
      signal.throwIfAborted();
      if (provider.broken !== undefined) {
        throw new ProviderError("unavailable", provider.broken);
      }
      return { machines: [...machines.values()], ...defined({ problems: provider.problems, doubt: provider.doubt }) };
    },
    get: async (providerId, signal) => find(providerId, signal),
    power: {
      get: async (providerId, signal) => states.get(find(providerId, signal).providerId) ?? "off",
      set: async (providerId, action, { boot, signal }) => {
        find(providerId, signal);
        await onSwitch(providerId, action);
        provider.switched.push([providerId, action, ...(boot === undefined ? [] : [boot])].join(" "));
        states.set(providerId, action === "off" ? "off" : "on");
      },
    },
  };
  return provider;
}
