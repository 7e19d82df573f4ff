import { AccessService } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { SecretsService } from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { ConsoleService } from "../../../gen/farrier/operator/v1/console_pb.ts";
import { EventService, WebhookService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { CredentialService } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { ControllerService } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { HardwareService } from "../../../gen/farrier/operator/v1/hardware_pb.ts";
import { ImageService } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { PolicyService } from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { RolloutService } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { ProviderService } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Role } from "../../database/role.ts";

/** Every service of the operator API; a test compares the list with the contract. */
export const operatorServices = [
  MachineService,
  InstallationService,
  AgentKeyService,
  AccessService,
  HardwareService,
  FleetService,
  EnrollmentService,
  CredentialService,
  ControllerService,
  SecretsService,
  ProviderService,
  ConsoleService,
  ImageService,
  ProfileService,
  PolicyService,
  RolloutService,
  WebhookService,
  EventService,
] as const;

/**
 * The minimum role for every RPC, by its full name; "anybody" if no credential is needed. An RPC without an entry is refused
 * to everybody.
 */
export const authorizationRules: Readonly<Record<string, Role | "anybody">> = {
  "farrier.operator.v1.MachineService/MachineAdd": "operator",
  "farrier.operator.v1.MachineService/MachineList": "viewer",
  "farrier.operator.v1.MachineService/MachineCount": "viewer",
  "farrier.operator.v1.MachineService/MachineShow": "viewer",
  "farrier.operator.v1.MachineService/MachineHistory": "viewer",
  "farrier.operator.v1.MachineService/MachineLog": "viewer",
  "farrier.operator.v1.MachineService/MachineUpdate": "operator",
  "farrier.operator.v1.MachineService/MachineDelete": "operator",
  "farrier.operator.v1.MachineService/MachineQuarantine": "operator",
  "farrier.operator.v1.MachineService/MachineRelease": "operator",
  "farrier.operator.v1.MachineService/MachineExplain": "viewer",
  "farrier.operator.v1.MachineService/MachineWatch": "viewer",
  "farrier.operator.v1.InstallationService/InstallationRequest": "operator",
  "farrier.operator.v1.InstallationService/InstallationCancel": "operator",
  "farrier.operator.v1.InstallationService/InstallationRetry": "operator",
  "farrier.operator.v1.InstallationService/InstallationList": "viewer",
  "farrier.operator.v1.InstallationService/InstallationShow": "operator",
  "farrier.operator.v1.AgentKeyService/AgentRegister": "operator",
  "farrier.operator.v1.HardwareService/HardwareList": "viewer",
  "farrier.operator.v1.HardwareService/HardwareShow": "viewer",
  "farrier.operator.v1.HardwareService/HardwareDiff": "viewer",
  "farrier.operator.v1.FleetService/FleetSummary": "viewer",
  "farrier.operator.v1.FleetService/FleetGroups": "viewer",
  "farrier.operator.v1.FleetService/SessionList": "viewer",
  "farrier.operator.v1.FleetService/WorkList": "viewer",
  "farrier.operator.v1.FleetService/BackoffList": "viewer",
  "farrier.operator.v1.FleetService/BackoffClear": "operator",
  "farrier.operator.v1.EnrollmentService/BootWindowOpen": "operator",
  "farrier.operator.v1.EnrollmentService/BootWindowClose": "operator",
  "farrier.operator.v1.EnrollmentService/EnrollmentList": "viewer",
  "farrier.operator.v1.EnrollmentService/EnrollmentApprove": "operator",
  "farrier.operator.v1.EnrollmentService/EnrollmentReject": "operator",
  "farrier.operator.v1.CredentialService/CredentialCreate": "admin",
  "farrier.operator.v1.CredentialService/CredentialList": "admin",
  "farrier.operator.v1.CredentialService/CredentialRotate": "admin",
  "farrier.operator.v1.CredentialService/CredentialDelete": "admin",
  "farrier.operator.v1.ControllerService/ControllerAdd": "operator",
  "farrier.operator.v1.ControllerService/ControllerList": "viewer",
  "farrier.operator.v1.ControllerService/ControllerShow": "viewer",
  "farrier.operator.v1.ControllerService/ControllerCheck": "operator",
  "farrier.operator.v1.ControllerService/ControllerPassword": "admin",
  "farrier.operator.v1.ControllerService/ControllerRemove": "operator",
  "farrier.operator.v1.ControllerService/MachinePower": "operator",
  "farrier.operator.v1.ControllerService/MachineBoot": "operator",
  "farrier.operator.v1.ControllerService/MachineIdentify": "operator",
  "farrier.operator.v1.ControllerService/MachineStartAgent": "operator",
  "farrier.operator.v1.ControllerService/OperationShow": "viewer",
  "farrier.operator.v1.ProviderService/ProviderList": "viewer",
  "farrier.operator.v1.ProviderService/ProviderShow": "viewer",
  "farrier.operator.v1.ProviderService/ProviderCheck": "operator",
  "farrier.operator.v1.ProviderService/ProviderAccept": "operator",
  "farrier.operator.v1.ImageService/ImageAdd": "operator",
  "farrier.operator.v1.ImageService/ImageList": "viewer",
  "farrier.operator.v1.ImageService/ImageShow": "viewer",
  "farrier.operator.v1.ImageService/ImageTag": "operator",
  "farrier.operator.v1.ImageService/ImageDelete": "operator",
  "farrier.operator.v1.PolicyService/PolicyShow": "viewer",
  "farrier.operator.v1.PolicyService/PolicySet": "admin",
  "farrier.operator.v1.PolicyService/PolicyDelete": "admin",
  "farrier.operator.v1.ProfileService/ProfileApply": "operator",
  "farrier.operator.v1.ProfileService/ProfileList": "viewer",
  "farrier.operator.v1.ProfileService/ProfileShow": "operator",
  "farrier.operator.v1.ProfileService/ProfileDiff": "operator",
  "farrier.operator.v1.ProfileService/ProfileRender": "operator",
  "farrier.operator.v1.ProfileService/ProfileDelete": "operator",
  "farrier.operator.v1.RolloutService/RolloutCreate": "operator",
  "farrier.operator.v1.RolloutService/RolloutReplan": "operator",
  "farrier.operator.v1.RolloutService/RolloutStart": "operator",
  "farrier.operator.v1.RolloutService/RolloutPause": "operator",
  "farrier.operator.v1.RolloutService/RolloutResume": "operator",
  "farrier.operator.v1.RolloutService/RolloutCancel": "operator",
  "farrier.operator.v1.RolloutService/RolloutDelete": "operator",
  "farrier.operator.v1.RolloutService/RolloutRetryFailed": "operator",
  "farrier.operator.v1.RolloutService/RolloutShow": "viewer",
  "farrier.operator.v1.RolloutService/RolloutList": "viewer",
  "farrier.operator.v1.RolloutService/RolloutMachineList": "viewer",
  "farrier.operator.v1.WebhookService/WebhookAdd": "admin",
  "farrier.operator.v1.WebhookService/WebhookList": "viewer",
  "farrier.operator.v1.WebhookService/WebhookShow": "viewer",
  "farrier.operator.v1.WebhookService/WebhookTest": "admin",
  "farrier.operator.v1.WebhookService/WebhookDelete": "admin",
  "farrier.operator.v1.WebhookService/WebhookDeadLetterList": "viewer",
  "farrier.operator.v1.WebhookService/WebhookRedeliver": "admin",
  "farrier.operator.v1.EventService/EventFollow": "viewer",
  "farrier.operator.v1.SecretsService/SecretsShow": "admin",
  "farrier.operator.v1.SecretsService/SecretsRotate": "admin",
  "farrier.operator.v1.SecretsService/SecretsGiveUp": "admin",
  "farrier.operator.v1.AccessService/WhoAmI": "viewer",
  "farrier.operator.v1.AccessService/TokenCreate": "admin",
  "farrier.operator.v1.AccessService/TokenList": "admin",
  "farrier.operator.v1.AccessService/TokenRevoke": "admin",
  "farrier.operator.v1.AccessService/AuditList": "admin",
  "farrier.operator.v1.ConsoleService/ConsoleLinkCreate": "viewer",
  "farrier.operator.v1.ConsoleService/ConsoleSessionStart": "anybody",
  "farrier.operator.v1.ConsoleService/ConsoleSessionEnd": "viewer",
  "farrier.operator.v1.ConsoleService/ConsoleSessionList": "viewer",
};

/** The full name of an RPC, as in {@link authorizationRules}. */
export function methodName(method: { name: string; parent: { typeName: string } }): string {
  return `${method.parent.typeName}/${method.name}`;
}
