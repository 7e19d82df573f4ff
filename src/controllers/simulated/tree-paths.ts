import type { SimulatedState } from "./state.ts";

/** The paths of the controller's main resources. */
export interface TreePaths {
  system: string;
  manager: string;
  chassis: string;
  /** The resource that changes the boot override, if it is not the system. */
  settings: string | undefined;
  reset: string;
  account: string;
}

/** The paths of a controller of this shape. Pure. */
export function treePaths({ shape }: Pick<SimulatedState, "shape">): TreePaths {
  const system = `/redfish/v1/Systems/${shape.systemId}`;
  return {
    system,
    manager: `/redfish/v1/Managers/${shape.managerId}`,
    chassis: `/redfish/v1/Chassis/${shape.chassisId}`,
    settings: shape.settings === undefined ? undefined : `${system}/${shape.settings}`,
    reset: `${system}/Actions/ComputerSystem.Reset`,
    account: "/redfish/v1/AccountService/Accounts/1",
  };
}
