import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { AgentInit } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentInitSchema } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentCallback, AgentHeartbeatResponseSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type {
  AgentHeartbeatRequest,
  AgentHeartbeatResponse,
  OSInstallationReport,
  OSInstallationRequest,
} from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { AgentService, ReportProgressResponseSchema } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { ReportProgressRequest, ReportProgressResponse } from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ed25519KeyPair } from "../../src/lib/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/self-signed.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../src/lib/tls-issue.ts";

/** A refusal, thrown by a handler. */
export class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What an agent talks to in tests: the contract's answers over a real TLS listener, with no database behind. It asks for
 * `request` until a report of its generation came, and records all that it hears; a test overrides what it wants to.
 */
export interface FakeControlPlane extends AsyncDisposable {
  init: AgentInit;
  heartbeats: AgentHeartbeatRequest[];
  progress: ReportProgressRequest[];
  /** Reports that were answered OK. */
  reports: OSInstallationReport[];
  request: OSInstallationRequest | undefined;
  cancelled: bigint;
  /** Called before the normal answer; what it throws or returns is the answer. */
  onHeartbeat: (request: AgentHeartbeatRequest) => AgentHeartbeatResponse | undefined | void;
  onProgress: (
    request: ReportProgressRequest,
  ) => ReportProgressResponse | undefined | void | Promise<ReportProgressResponse | undefined | void>;
}

export const unavailable = (): never => {
  throw new Refusal(status.UNAVAILABLE, "the database is away");
};
export const unauthenticated = (): never => {
  throw new Refusal(status.UNAUTHENTICATED, "unknown machine or key");
};

/** Starts one on a free port of loopback, with a certificate for `names`. It knows one agent, `init`, by its key. */
export async function fakeControlPlane(names = ["127.0.0.1", "localhost"]): Promise<FakeControlPlane> {
  const agent = ed25519KeyPair();
  const [authorityKey, serverKey] = [keyMake(), keyMake()];
  const subjects = names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value }));
  const certificate = serverIssue(serverKey, subjects, authorityKey);
  const keyPair = { private_key: Buffer.from(keyPem(serverKey)), cert_chain: Buffer.from(certificate.toString()) };
  const machineId = randomUUID();
  // The agent's own certificate as the only CA: nobody without its key gets through the handshake.
  const clients = Buffer.from(selfSignedCertificate(agent.privateKey, machineId));
  const server = new Server();
  const port = await new Promise<number>((resolve, reject) => {
    const serverCredentials = ServerCredentials.createSsl(clients, [keyPair], true);
    server.bindAsync("127.0.0.1:0", serverCredentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const plane: FakeControlPlane = {
    init: create(AgentInitSchema, {
      takeoverInit: {
        machineId,
        bmaasEndpoint: `127.0.0.1:${port}`,
        caCertificate: Uint8Array.from(authorityIssue(authorityKey).raw),
      },
      privateKey: agent.privateKey,
    }),
    heartbeats: [],
    progress: [],
    reports: [],
    request: undefined,
    cancelled: 0n,
    onHeartbeat: () => {},
    onProgress: () => {},
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
  serve(server, AgentCallback.method.heartbeat, (message) => {
    plane.heartbeats.push(message);
    return plane.onHeartbeat(message) ?? heartbeatAnswer(plane, message);
  });
  serve(server, AgentService.method.reportProgress, async (message) => {
    plane.progress.push(message);
    const cancelledGeneration = plane.cancelled === message.generation ? plane.cancelled : 0n;
    return (await plane.onProgress(message)) ?? create(ReportProgressResponseSchema, { cancelledGeneration });
  });
  return plane;
}

function heartbeatAnswer(plane: FakeControlPlane, message: AgentHeartbeatRequest): AgentHeartbeatResponse {
  if (message.installationReport !== undefined) {
    plane.reports.push(message.installationReport);
  }
  const { request, cancelled } = plane;
  const pending =
    request !== undefined &&
    request.generation !== cancelled &&
    !plane.reports.some((report) => report.generation === request.generation);
  return create(AgentHeartbeatResponseSchema, {
    cancelledGeneration: cancelled,
    ...(pending ? { installationRequest: request } : {}),
  });
}

function serve<Method extends DescMethodUnary>(
  server: Server,
  method: Method,
  handler: (
    message: MessageShape<Method["input"]>,
  ) => MessageShape<Method["output"]> | Promise<MessageShape<Method["output"]>>,
): void {
  type Request = MessageShape<Method["input"]>;
  type Response = MessageShape<Method["output"]>;
  const definition = {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Request) => Buffer.from(toBinary<Method["input"]>(method.input, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary<Method["input"]>(method.input, bytes),
    responseSerialize: (message: Response) => Buffer.from(toBinary<Method["output"]>(method.output, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary<Method["output"]>(method.output, bytes),
  };
  const implementation: UntypedServiceImplementation = {
    call: (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
      Promise.resolve()
        .then(() => handler(call.request))
        .then(
          (response) => answer(null, response),
          (error: unknown) =>
            error instanceof Refusal
              ? answer({ code: error.code, details: error.message })
              : answer({ code: status.INTERNAL, details: String(error) }),
        );
    },
  };
  server.addService({ call: definition }, implementation);
}
