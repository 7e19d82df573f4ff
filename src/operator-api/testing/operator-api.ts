import {
  createClient,
  createRouterTransport,
  type Client,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { AccessService } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { SecretsService } from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { ConsoleService } from "../../../gen/farrier/operator/v1/console_pb.ts";
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
import { EventService, WebhookService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { DatabaseAddress } from "../../database/address/database-address.ts";
import { connect } from "../../database/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { testKeyRing, testSecretsKeys } from "../../secrets/testing/key-ring.ts";
import { databaseAuthenticator } from "../caller/authenticator.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineFeed } from "../machine-feed.ts";
import { operatorRouterOptions, operatorRoutes } from "../routes.ts";

/** The token that tests' operator APIs take. */
export const testToken = `frr_${"t".repeat(43)}`;

/** What an operator API works with, and what it counted. */
export interface TestDependencies extends OperatorApiDependencies, AsyncDisposable {
  calls: { method: string; code: string }[];
  refused: () => number;
  /** Those of them that were too many. */
  limited: () => number;
}

/** Dependencies on a database, with counters that can be read. */
export function testDependencies(address: DatabaseAddress): TestDependencies {
  const log = createLogger({ level: "silent", component: "test" });
  const calls: { method: string; code: string }[] = [];
  let refused = 0;
  let limited = 0;
  const database = connect(address, { log });
  const feed = machineFeed({ address, log, clock: systemClock });
  const operationFeed = machineFeed({ address, log, clock: systemClock, channel: "farrier_operation" });
  return {
    database,
    secrets: testKeyRing(),
    secretsKeys: testSecretsKeys(),
    feed,
    operationFeed,
    host: { loopbackAllowed: true, ownPorts: async () => [] },
    agents: { endpoint: "control.test:8443", caCertificate: Uint8Array.of(1, 2, 3) },
    authenticator: databaseAuthenticator({ database, localToken: testToken, log, clock: systemClock }),
    counters: {
      called: ({ method, code }) => calls.push({ method, code }),
      unauthenticated: (why) => {
        refused += 1;
        limited += why === "limited" ? 1 : 0;
      },
    },
    log,
    calls,
    refused: () => refused,
    limited: () => limited,
    [Symbol.asyncDispose]: async () => {
      await feed[Symbol.asyncDispose]();
      await operationFeed[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** A transport to the whole operator API, in memory; with what is sent as `authorization`. */
export function testTransport(dependencies: OperatorApiDependencies, authorization?: string): Transport {
  const withToken: Interceptor = (next) => (request) => {
    if (authorization !== undefined) {
      request.header.set("authorization", authorization);
    }
    return next(request);
  };
  return createRouterTransport(operatorRoutes(dependencies), {
    router: operatorRouterOptions(dependencies),
    transport: { interceptors: [withToken] },
  });
}

/** Clients of every service. */
export interface TestClients {
  machines: Client<typeof MachineService>;
  installations: Client<typeof InstallationService>;
  agents: Client<typeof AgentKeyService>;
  access: Client<typeof AccessService>;
  hardware: Client<typeof HardwareService>;
  fleet: Client<typeof FleetService>;
  enrollments: Client<typeof EnrollmentService>;
  console: Client<typeof ConsoleService>;
  credentials: Client<typeof CredentialService>;
  controllers: Client<typeof ControllerService>;
  secrets: Client<typeof SecretsService>;
  images: Client<typeof ImageService>;
  policy: Client<typeof PolicyService>;
  profiles: Client<typeof ProfileService>;
  rollouts: Client<typeof RolloutService>;
  webhooks: Client<typeof WebhookService>;
  events: Client<typeof EventService>;
}

/** Clients in memory, with the right token, or another one. */
export function testClients(dependencies: OperatorApiDependencies, token: string = testToken): TestClients {
  const transport = testTransport(dependencies, `Bearer ${token}`);
  return {
    machines: createClient(MachineService, transport),
    installations: createClient(InstallationService, transport),
    agents: createClient(AgentKeyService, transport),
    access: createClient(AccessService, transport),
    hardware: createClient(HardwareService, transport),
    fleet: createClient(FleetService, transport),
    enrollments: createClient(EnrollmentService, transport),
    console: createClient(ConsoleService, transport),
    credentials: createClient(CredentialService, transport),
    controllers: createClient(ControllerService, transport),
    secrets: createClient(SecretsService, transport),
    images: createClient(ImageService, transport),
    policy: createClient(PolicyService, transport),
    profiles: createClient(ProfileService, transport),
    rollouts: createClient(RolloutService, transport),
    webhooks: createClient(WebhookService, transport),
    events: createClient(EventService, transport),
  };
}

/** A database address where nothing listens: what must not be reached is not. */
export const nowhere: DatabaseAddress = { host: "127.0.0.1", port: 1, user: "nobody", database: "none" };
