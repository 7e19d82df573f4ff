import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { AccessService } from "../../gen/farrier/operator/v1/access_pb.ts";
import { AgentKeyService } from "../../gen/farrier/operator/v1/agent_pb.ts";
import { SecretsService } from "../../gen/farrier/operator/v1/secrets_pb.ts";
import { ConsoleService } from "../../gen/farrier/operator/v1/console_pb.ts";
import { EventService, WebhookService } from "../../gen/farrier/operator/v1/webhook_pb.ts";
import { CredentialService } from "../../gen/farrier/operator/v1/credential_pb.ts";
import { ControllerService } from "../../gen/farrier/operator/v1/controller_pb.ts";
import { EnrollmentService } from "../../gen/farrier/operator/v1/enrollment_pb.ts";
import { FleetService } from "../../gen/farrier/operator/v1/fleet_pb.ts";
import { HardwareService } from "../../gen/farrier/operator/v1/hardware_pb.ts";
import { ImageService } from "../../gen/farrier/operator/v1/image_pb.ts";
import { InstallationService } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { PolicyService } from "../../gen/farrier/operator/v1/policy_pb.ts";
import { ProfileService } from "../../gen/farrier/operator/v1/profile_pb.ts";
import { RolloutService } from "../../gen/farrier/operator/v1/rollout_pb.ts";
import { ProviderService } from "../../gen/farrier/operator/v1/provider_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { systemClock, type Clock } from "../lib/clock.ts";
import type { OperatorApiDependencies } from "./dependencies.ts";
import { accessHandlers } from "./handlers/access.ts";
import { agentHandlers } from "./handlers/agent.ts";
import { secretsHandlers } from "./handlers/secrets.ts";
import { credentialHandlers } from "./handlers/credential.ts";
import { consoleHandlers } from "./handlers/console.ts";
import { controllerHandlers } from "./handlers/controller.ts";
import { enrollmentHandlers } from "./handlers/enrollment.ts";
import { fleetHandlers } from "./handlers/fleet.ts";
import { hardwareHandlers } from "./handlers/hardware.ts";
import { eventHandlers } from "./handlers/event-follow.ts";
import { imageHandlers } from "./handlers/image.ts";
import { installationHandlers } from "./handlers/installation.ts";
import { machineHandlers } from "./handlers/machine.ts";
import { templateRenderer } from "../profiles/template-renderer.ts";
import { policyHandlers } from "./handlers/policy.ts";
import { profileHandlers } from "./handlers/profile.ts";
import { providerHandlers } from "./handlers/provider.ts";
import { rolloutHandlers } from "./handlers/rollout.ts";
import { webhookHandlers } from "./handlers/webhook.ts";
import { auditInterceptor } from "./interceptors/audit.ts";
import { callShareInterceptor } from "./interceptors/call-share.ts";
import { errorsInterceptor } from "./interceptors/errors.ts";
import { identityInterceptor } from "./interceptors/identity.ts";
import { logInterceptor } from "./interceptors/log.ts";
import { messageCompressions, messageLimit } from "./requests/message-limit.ts";

/** All routes of the operator API, for a listener or for an in-memory transport. */
export function operatorRoutes(dependencies: OperatorApiDependencies): (router: ConnectRouter) => void {
  const templates = templateRenderer();
  return (router) => {
    router.service(MachineService, machineHandlers(dependencies));
    router.service(InstallationService, installationHandlers(dependencies, templates));
    router.service(AgentKeyService, agentHandlers(dependencies));
    router.service(AccessService, accessHandlers(dependencies));
    router.service(HardwareService, hardwareHandlers(dependencies));
    router.service(FleetService, fleetHandlers(dependencies));
    router.service(EnrollmentService, enrollmentHandlers(dependencies));
    router.service(CredentialService, credentialHandlers(dependencies));
    router.service(ControllerService, controllerHandlers(dependencies));
    router.service(ProviderService, providerHandlers(dependencies));
    router.service(ImageService, imageHandlers(dependencies));
    router.service(PolicyService, policyHandlers(dependencies));
    router.service(ProfileService, profileHandlers(dependencies, templates));
    router.service(RolloutService, rolloutHandlers(dependencies));
    router.service(WebhookService, webhookHandlers(dependencies));
    router.service(EventService, eventHandlers(dependencies));
    router.service(SecretsService, secretsHandlers(dependencies));
    router.service(ConsoleService, consoleHandlers(dependencies));
  };
}

/** Options of every call: limits, and the interceptors, outermost first. */
export function operatorRouterOptions(
  dependencies: OperatorApiDependencies,
  clock: Clock = systemClock,
): ConnectRouterOptions {
  return {
    readMaxBytes: messageLimit,
    acceptCompression: messageCompressions,
    maxTimeoutMs: 60_000,
    // A misspelt field must not be dropped: without it, a disk selector could match another disk.
    jsonOptions: { ignoreUnknownFields: false },
    interceptors: [
      ...(dependencies.trace === undefined ? [] : [dependencies.trace]),
      logInterceptor(dependencies, clock),
      auditInterceptor(dependencies, clock),
      errorsInterceptor(dependencies),
      identityInterceptor(dependencies, clock),
      callShareInterceptor(),
    ],
  };
}
