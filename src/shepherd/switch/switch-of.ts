import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import { providedBy } from "../../database/queries/provider/provided.ts";
import type { Controllers } from "../controllers.ts";
import type { Provider } from "../provider.ts";
import type { TakeoverAccess } from "../takeover/access.ts";
import { controllerSwitch } from "./controller-switch.ts";
import type { MachineSwitch } from "./machine-switch.ts";
import { providerSwitch } from "./provider-switch.ts";

/** The controllers and providers that a shepherd reaches. */
export interface SwitchesOptions {
  database: Database;
  /** Absent = this shepherd reaches no controllers. */
  controllers?: Controllers | undefined;
  /** Absent = this shepherd takes no hosts over. */
  takeovers?: TakeoverAccess | undefined;
  /** Providers by name. */
  providers: ReadonlyMap<string, Provider>;
}

/** The power switch of a machine: its controller, or else its provider's power switch; undefined if it has neither. */
export async function switchOf(
  { database, controllers, providers }: SwitchesOptions,
  machineId: MachineId,
): Promise<MachineSwitch | undefined> {
  if (controllers !== undefined && (await controllerOf(database.kysely, machineId)) !== undefined) {
    return controllerSwitch(database, controllers, machineId);
  }
  const provided = await providedBy(database, machineId);
  const provider = provided === undefined ? undefined : providers.get(provided.provider);
  return provided === undefined || provider?.power === undefined
    ? undefined
    : providerSwitch({ ...provider, power: provider.power }, provided.providerId);
}
