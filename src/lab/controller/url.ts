import type { ControlledLabMachine, LabMachine } from "../machine.ts";
import { controllerHost } from "./account.ts";

/** The machines that have a controller. Pure. */
export function controlledMachines(machines: readonly LabMachine[]): ControlledLabMachine[] {
  return machines.filter((machine): machine is ControlledLabMachine => machine.controller !== undefined);
}

/** A controller's address, as `farrier bmc add` takes it. Pure. */
export function labControllerUrl({ controller: { protocol, port } }: ControlledLabMachine): string {
  return `${protocol === "redfish" ? "https" : "ipmi"}://${controllerHost}:${port}`;
}
