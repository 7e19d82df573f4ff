import { AgentKeyService } from "../../gen/farrier/operator/v1/agent_pb.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** Every service of the operator API; a test compares it with the contract. */
export const operatorServices = [MachineService, InstallationService, AgentKeyService] as const;

/** What a caller must show: `token` = the operators' bearer token. */
export type AuthorizationRule = "token";

/** The rule of every RPC, by its full name. One that is not here is refused to everybody. */
export const authorizationRules: Readonly<Record<string, AuthorizationRule>> = {
  "farrier.operator.v1.MachineService/MachineAdd": "token",
  "farrier.operator.v1.MachineService/MachineList": "token",
  "farrier.operator.v1.MachineService/MachineShow": "token",
  "farrier.operator.v1.MachineService/MachineHistory": "token",
  "farrier.operator.v1.InstallationService/InstallationRequest": "token",
  "farrier.operator.v1.InstallationService/InstallationCancel": "token",
  "farrier.operator.v1.AgentKeyService/AgentRegister": "token",
};

/** The name of an RPC in the table. */
export function methodName(method: { name: string; parent: { typeName: string } }): string {
  return `${method.parent.typeName}/${method.name}`;
}
