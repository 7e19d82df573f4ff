import type { SimulatedState } from "./state.ts";

/** The paths of one controller's own resources. */
export interface TreePaths {
  system: string;
  manager: string;
  chassis: string;
  /** Where the boot override is changed, if not in the system. */
  settings: string | undefined;
  reset: string;
  account: string;
}

/** Where a controller of this shape has what. Pure. */
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
