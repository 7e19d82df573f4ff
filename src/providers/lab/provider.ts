import { hostname } from "node:os";
import { resolve } from "node:path";
import { describeError } from "../../lib/errors.ts";
import { type ProvidedMachine, type Provider, ProviderError } from "../../shepherd/provider.ts";
import { labMachineList } from "../../lab/directory.ts";
import { LabError } from "../../lab/errors.ts";
import type { LabMachine } from "../../lab/machine.ts";
import { type LabPlace, powerGet, powerSet } from "../../lab/power.ts";

/** The name of the provider. */
export const labProviderName = "lab";

/**
 * The lab's machines as a provider: it reads the lab's directory each time. A machine's id is its UUID. Machines with a
 * controller are not its own: they are known by `farrier bmc add`.
 * @param autostart absent = yes: they were made for Farrier, and nothing else runs on them
 */
export function labProvider(
  place: LabPlace,
  { name = labProviderName, autostart = true }: { name?: string; autostart?: boolean } = {},
): Provider {
  const { directory } = place;

  async function machines(): Promise<LabMachine[]> {
    return (await labMachineList(directory)).filter(({ controller }) => controller === undefined);
  }

  async function find(providerId: string): Promise<LabMachine> {
    const machine = (await machines()).find(({ uuid }) => uuid === providerId);
    if (machine === undefined) {
      throw new ProviderError("not_found", `the lab has no machine ${providerId} (any more): \`farrier lab list\``);
    }
    return machine;
  }

  return {
    name,
    // Its list is a directory of this host, so it may be read often.
    pace: 1_000,
    type: labProviderName,
    // Another host's lab is another one, though its folder has the same name.
    settings: `${hostname()}:${resolve(directory)}`,
    autostart,
    // `farrier lab down` takes away as many as the operator says.
    believed: true,
    list: (signal) =>
      told(signal, async () => ({
        machines: await Promise.all((await machines()).map((machine) => provided(directory, machine))),
      })),
    get: (providerId, signal) => told(signal, async () => provided(directory, await find(providerId))),
    power: {
      get: (providerId, signal) => told(signal, async () => powerGet(directory, (await find(providerId)).name)),
      set: (providerId, action, { boot, signal }) =>
        told(signal, async () => powerSet(place, (await find(providerId)).name, action, boot)),
    },
  };
}

async function provided(directory: string, machine: LabMachine): Promise<ProvidedMachine> {
  const [first] = machine.disks;
  return {
    providerId: machine.uuid,
    name: machine.name,
    smbiosUuid: machine.smbiosUuid ?? machine.uuid,
    macs: machine.nics.map(({ mac }) => mac),
    location: `lab, ${machine.firmware}, ${first?.kind ?? "no disk"}`,
    status: await powerGet(directory, machine.name),
  };
}

/** Translates the lab's errors to a provider's. A power action in progress is not interrupted. */
async function told<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await action();
  } catch (error) {
    if (error instanceof ProviderError) {
      throw error;
    }
    if (error instanceof LabError) {
      throw new ProviderError(error.code === "not_found" ? "not_found" : "unavailable", error.message, {
        cause: error,
      });
    }
    throw new ProviderError("unavailable", `the lab failed: ${describeError(error)}`, { cause: error });
  }
}
