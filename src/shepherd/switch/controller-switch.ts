import type { Database } from "../../database/connect.ts";
import { isMediumUrl } from "../../contract/medium-path.ts";
import { powerNote } from "../../database/queries/controller/power.ts";
import type { MachineId } from "../../database/ids.ts";
import type { Controllers } from "../controllers.ts";
import { ownMediumEject } from "../means/medium-way.ts";
import { costlyPace, type MachineSwitch } from "./machine-switch.ts";

/** The power switch of a machine with a controller. Each power reading is recorded. */
export function controllerSwitch(database: Database, controllers: Controllers, machineId: MachineId): MachineSwitch {
  return {
    by: "controller",
    get: async (signal) => {
      const power = await controllers.use(machineId, (controller) => controller.powerGet(signal));
      await powerNote(database.kysely, machineId, { power, readFrom: "controller" });
      return power;
    },
    pace: costlyPace,
    set: (command, signal) => controllers.use(machineId, (controller) => controller.powerSet(command, signal)),
    onInto: (target, signal) =>
      controllers.use(machineId, async (controller) => {
        await controller.bootSet(target, { once: true, signal });
        await controller.powerSet("on", signal);
      }),
    bootSet: (target, options) => controllers.use(machineId, (controller) => controller.bootSet(target, options)),
    leavesOverride: true,
    bootToDisk: async (left, signal) => {
      await controllers.use(machineId, (controller) => controller.bootClear(signal));
      if (left.includes("medium")) {
        await ownMediumEject(controllers, machineId, signal);
      }
      if (left.includes("http")) {
        await controllers.use(machineId, (controller) => controller.httpBootClear(isMediumUrl, signal));
      }
    },
    identify: (on, signal) => controllers.use(machineId, (controller) => controller.identify(on, signal)),
  };
}
