import type { MachineBehind } from "../../controllers/simulated/machine.ts";
import { type MakerShape, plainShape } from "../../controllers/simulated/shape.ts";
import { SimulatedController } from "../../controllers/simulated/simulated-controller.ts";
import { errorCode } from "../../lib/errors.ts";
import type { BootDevice } from "../command-line.ts";
import { LabError } from "../errors.ts";
import type { ControlledLabMachine, Firmware } from "../machine.ts";
import { mediumEject, mediumInsert } from "../medium.ts";
import { powerGet, powerSet } from "../power.ts";
import { controllerHost, controllerPassword, controllerPasswordKeep } from "./account.ts";
import { mediumFetch } from "./medium-fetch.ts";
import type { ServedController, ServeOptions } from "./served.ts";

/** Redfish's names of what a lab machine can boot from. */
const bootDevices: Readonly<Record<string, BootDevice>> = { Pxe: "network", Hdd: "disk", Cd: "medium" };

/** Serves Farrier's own Redfish service in front of a lab machine. @throws {LabError} `controllers_failed` */
export async function redfishServe(machine: ControlledLabMachine, options: ServeOptions): Promise<ServedController> {
  const { directory, account, log } = options;
  const { name, controller } = machine;
  try {
    const served = await SimulatedController.start({
      shape: labShape(machine.firmware),
      machine: machineBehind(machine, options),
      tls: account.tls,
      userName: account.userName,
      password: await controllerPassword(directory, name, account),
      passwordChanged: (password) =>
        controllerPasswordKeep(directory, name, password).catch((error: unknown) =>
          log.error({ err: error, machine: name }, "the changed password is lost when this process ends"),
        ),
      host: controllerHost,
      port: controller.port,
    });
    return { over: () => undefined, [Symbol.asyncDispose]: async () => await served[Symbol.asyncDispose]() };
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") {
      // Without its cause, which says the same.
      throw new LabError("controllers_failed", `another program listens on TCP port ${controller.port}`);
    }
    throw error;
  }
}

/** A plain controller that offers what a lab machine can do. Pure. */
function labShape(firmware: Firmware): MakerShape {
  return {
    ...plainShape,
    model: "Lab",
    // Without PowerCycle: a client switches off and on, and QEMU begins anew.
    resetTypes: ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi"],
    bootTargets: ["None", ...Object.keys(bootDevices)],
    // QEMU is given a boot source for one start.
    bootEnabled: ["Disabled", "Once"],
    bootMode: firmware === "bios" ? "Legacy" : "UEFI",
  };
}

function machineBehind(machine: ControlledLabMachine, { directory, place, clock }: ServeOptions): MachineBehind {
  const { name, uuid, smbiosUuid, serial, nics } = machine;
  let boot: BootDevice | undefined;
  return {
    uuid: smbiosUuid ?? uuid,
    serial,
    macs: nics.map(({ mac }) => mac),
    powerGet: () => powerGet(directory, name),
    bootFrom: (target) => {
      boot = target === undefined ? undefined : bootDevices[target];
      return Promise.resolve();
    },
    mediumSet: async (url) => {
      if (url === undefined) {
        return mediumEject({ directory, clock }, name);
      }
      await using fetched = await mediumFetch(url);
      await mediumInsert({ directory, clock }, name, fetched.file);
    },
    powerSet: async (action) => await powerSet(await place(), name, action, boot),
  };
}
