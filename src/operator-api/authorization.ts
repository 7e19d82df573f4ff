import { AgentKeyService } from "../../gen/farrier/operator/v1/agent_pb.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** Every service of the operator API; a test compares it with the contract. */
export const operatorServices = [MachineService, InstallationService, AgentKeyService] as const;

/** Who an RPC is for, each role including the ones before it: a viewer reads, an operator changes, an admin says who may. */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

/** True where somebody with the role `held` may do what `needed` is asked for. */
export function roleIncludes(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}

/** The least role for every RPC, by its full name. One that is not here is refused to everybody. */
export const authorizationRules: Readonly<Record<string, Role>> = {
  "farrier.operator.v1.MachineService/MachineAdd": "operator",
  "farrier.operator.v1.MachineService/MachineList": "viewer",
  "farrier.operator.v1.MachineService/MachineShow": "viewer",
  "farrier.operator.v1.MachineService/MachineHistory": "viewer",
  "farrier.operator.v1.InstallationService/InstallationRequest": "operator",
  "farrier.operator.v1.InstallationService/InstallationCancel": "operator",
  "farrier.operator.v1.AgentKeyService/AgentRegister": "operator",
};

/** The name of an RPC in the table. */
export function methodName(method: { name: string; parent: { typeName: string } }): string {
  return `${method.parent.typeName}/${method.name}`;
}
