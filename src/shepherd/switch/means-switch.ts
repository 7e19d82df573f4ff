import { bootMeans, type BootMeans, meansChoose } from "../../contract/boot-means.ts";
import { startMeans } from "../../database/queries/agent/start-means.ts";
import type { MachineId } from "../../database/ids.ts";
import { controllerSwitch } from "./controller-switch.ts";
import type { MachineSwitch } from "./machine-switch.ts";
import { providerSwitch } from "./provider-switch.ts";
import type { SwitchesOptions } from "./switch-of.ts";
import { defined } from "../../lib/defined.ts";

/** The means of a start and the switch that it uses, or the reason why there is none. */
export type MeansSwitch = { means: BootMeans; by: MachineSwitch; why: string; alone: boolean } | { why: string };

/**
 * Chooses the means of starting an agent on a machine, among the controllers and providers that this shepherd reaches.
 */
export async function meansSwitch(
  { database, controllers, providers }: SwitchesOptions,
  machineId: MachineId,
): Promise<MeansSwitch> {
  const { controller, provider, failures, set } = await startMeans(database, machineId);
  const providing = provider === undefined ? undefined : providers.get(provider.name);
  const setMeans = bootMeans.find((means) => means === set);
  const choice = meansChoose({
    ...(controller === undefined || controllers === undefined ? {} : { controller }),
    providerPower: providing?.power !== undefined,
    failures,
    ...defined({ set: setMeans }),
  });
  const { why } = choice;
  switch (choice.means) {
    case undefined:
      return { why };
    case "controller-network":
      // `meansChoose` chooses this means only if `controllers` is given.
      return controllers === undefined
        ? { why }
        : { ...choice, by: controllerSwitch(database, controllers, machineId) };
    case "provider-network":
      return provider === undefined || providing?.power === undefined
        ? { why }
        : { ...choice, by: providerSwitch({ ...providing, power: providing.power }, provider.providerId) };
  }
}
