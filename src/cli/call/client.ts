import { createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
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
import { ProviderService } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { PolicyService } from "../../../gen/farrier/operator/v1/policy_pb.ts";
import { ProfileService } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { RolloutService } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { EventService, WebhookService } from "../../../gen/farrier/operator/v1/webhook_pb.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorAccess, type AccessFlags } from "./access.ts";
import { CliError } from "../errors.ts";
import { looksLikeAgentPort } from "./agent-port.ts";
import { answerLost, clientError, type CallFacts } from "./client-error.ts";

/** The operator API, as commands call it. Every call throws `CliError` and no other error. */
export interface OperatorClient {
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
  providers: Client<typeof ProviderService>;
  images: Client<typeof ImageService>;
  policy: Client<typeof PolicyService>;
  profiles: Client<typeof ProfileService>;
  rollouts: Client<typeof RolloutService>;
  webhooks: Client<typeof WebhookService>;
  events: Client<typeof EventService>;
}

/** Milliseconds after which a call is abandoned. */
const callTimeout = 30_000;

/** A client for the control plane that operatorAccess finds. @throws {CliError} as operatorAccess does */
export async function operatorClient(
  flags: AccessFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OperatorClient> {
  const { url, token, from, tls } = await operatorAccess(flags, env);
  const connect = createConnectTransport({
    httpVersion: "1.1",
    baseUrl: url,
    useBinaryFormat: true,
    defaultTimeoutMs: callTimeout,
    interceptors: token === undefined ? [] : [withToken(token)],
    nodeOptions: tls,
  });
  const transport = withErrors(connect, { url, from, flags: typedNames(flags) });
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
    providers: createClient(ProviderService, transport),
    images: createClient(ImageService, transport),
    policy: createClient(PolicyService, transport),
    profiles: createClient(ProfileService, transport),
    rollouts: createClient(RolloutService, transport),
    webhooks: createClient(WebhookService, transport),
    events: createClient(EventService, transport),
  };
}

/** The names of a command's flags as they are typed: parsed flags have a key for each, also where it is not given. */
function typedNames(flags: object): string[] {
  return Object.keys(flags).map((name) => name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`));
}

function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** Wraps the transport and not each call, because Connect wraps what an interceptor throws in an error of its own. */
function withErrors(transport: Transport, facts: CallFacts): Transport {
  return {
    unary: (method, signal, timeout, header, input, values) =>
      transport.unary(method, signal, timeout, header, input, values).catch(async (error: unknown) => {
        const named = await portNamed(clientError(error, facts, input), facts);
        throw method.name === "AgentRegister" ? named : withRequestId(named, error, input);
      }),
    stream: async (method, signal, timeout, header, input, values) => {
      const sent = remembered(input);
      try {
        const response = await transport.stream(method, signal, timeout, header, sent.messages, values);
        return { ...response, message: translated(response.message, facts, sent) };
      } catch (error) {
        throw await portNamed(clientError(error, facts, sent.latest()), facts);
      }
    },
  };
}

/** The messages that a stream sends, the latest of which errors quote. */
interface Remembered<Message> {
  messages: AsyncIterable<Message>;
  latest: () => Message | undefined;
}

function remembered<Message>(messages: AsyncIterable<Message>): Remembered<Message> {
  let latest: Message | undefined;
  const passed = async function* (): AsyncGenerator<Message> {
    for await (const message of messages) {
      latest = message;
      yield message;
    }
  };
  return { messages: passed(), latest: () => latest };
}

/** A stream may also break in its middle. */
async function* translated<Message>(
  messages: AsyncIterable<Message>,
  facts: CallFacts,
  sent: Remembered<object>,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw clientError(error, facts, sent.latest());
  }
}

/**
 * Adds the request id to an error after which the command may or may not have been carried out. `agent init` needs
 * none: it resumes by itself.
 */
function withRequestId(error: CliError, cause: unknown, input: object): CliError {
  const requestId = "requestId" in input && typeof input.requestId === "string" ? input.requestId : "";
  return requestId === "" || !answerLost(cause)
    ? error
    : new CliError(
        error.code,
        `${error.message}; the command may have been carried out: repeat it with --request-id ${requestId}`,
        { cause },
      );
}

/** A call that reached no operator port has often reached the agent port instead. */
async function portNamed(error: CliError, { url }: CallFacts): Promise<CliError> {
  return error.code === "unreachable" && (await looksLikeAgentPort(url))
    ? new CliError(
        "unreachable",
        `${url} seems to be the agent port: operators are served on another one, by default 8080 ` +
          "(`farrier up` prints it)",
        { cause: error },
      )
    : error;
}

/** Yields after each change of a machine, until the connection ends. */
export function machineChangeSignals({ machines }: OperatorClient): AsyncIterable<unknown> {
  // A watch has no end of its own.
  return machines.machineWatch({}, { timeoutMs: 0 });
}
