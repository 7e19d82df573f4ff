import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMethod, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { AgentInit } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentInitSchema } from "../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentCallback, AgentHeartbeatResponseSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type {
  AgentHeartbeatRequest,
  AgentHeartbeatResponse,
  OSInstallationReport,
  OSInstallationRequest,
} from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import {
  AgentService,
  EnrollResponseSchema,
  EnrollState,
  ReportProgressResponseSchema,
  WatchResponseSchema,
} from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import type {
  EnrollRequest,
  EnrollResponse,
  ReportProgressRequest,
  ReportProgressResponse,
  WatchRequest,
  WatchResponse,
} from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { ed25519KeyPair } from "../../src/lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/tls/self-signed.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../src/lib/tls/issue.ts";

/** A refusal, thrown by a handler. */
export class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** A Watch stream that an agent opened. */
export interface FakeWatch {
  request: WatchRequest;
  send(event: WatchResponse["event"]): void;
  /** Ends it. */
  end(code: status): void;
  /** The agent ended it, or its connection is gone. */
  left: boolean;
}

/**
 * What an agent talks to in tests: the contract's answers over a real TLS listener, with no database behind. It asks for
 * `request` until a report of its generation came, and records all that it hears; a test overrides what it wants to.
 */
export interface FakeControlPlane extends AsyncDisposable {
  init: AgentInit;
  heartbeats: AgentHeartbeatRequest[];
  progress: ReportProgressRequest[];
  enrollments: EnrollRequest[];
  /** Reports that were answered OK. */
  reports: OSInstallationReport[];
  /** Watch streams, the oldest first; they say nothing but what a test has them say. */
  watches: FakeWatch[];
  request: OSInstallationRequest | undefined;
  cancelled: bigint;
  /** Called before the normal answer; what it throws or returns is the answer. */
  onHeartbeat: (request: AgentHeartbeatRequest) => AgentHeartbeatResponse | undefined | void;
  onProgress: (
    request: ReportProgressRequest,
  ) => ReportProgressResponse | undefined | void | Promise<ReportProgressResponse | undefined | void>;
  /** By default every holder of the key is let in. */
  onEnroll: (request: EnrollRequest) => EnrollResponse | undefined | void;
  /** Called before a stream is taken; what it throws is the answer. By default Watch is not known. */
  onWatch: (request: WatchRequest) => void;
}

export const unavailable = (): never => {
  throw new Refusal(status.UNAVAILABLE, "the database is away");
};
const unimplemented = (): never => {
  throw new Refusal(status.UNIMPLEMENTED, "no such method");
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
  const clientNames = [machineId, "enrolling"];
  const clients = Buffer.from(clientNames.map((name) => selfSignedCertificate(agent.privateKey, name)).join(""));
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
    enrollments: [],
    reports: [],
    watches: [],
    request: undefined,
    cancelled: 0n,
    onHeartbeat: () => {},
    onProgress: () => {},
    onEnroll: () => {},
    onWatch: unimplemented,
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
  serve(server, AgentService.method.enroll, (message) => {
    plane.enrollments.push(message);
    return plane.onEnroll(message) ?? create(EnrollResponseSchema, { machineId, state: EnrollState.ACCEPTED });
  });
  serveWatch(server, plane);
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
  const implementation: UntypedServiceImplementation = {
    call: (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
      Promise.resolve()
        .then(() => handler(call.request))
        .then(
          (response) => answer(null, response),
          (error: unknown) => answer(statusOf(error)),
        );
    },
  };
  server.addService({ call: definition(method) }, implementation);
}

function serveWatch(server: Server, plane: FakeControlPlane): void {
  const implementation: UntypedServiceImplementation = {
    call: (call: ServerWritableStream<WatchRequest, WatchResponse>) => {
      try {
        plane.onWatch(call.request);
      } catch (error) {
        call.emit("error", statusOf(error));
        return;
      }
      const watch: FakeWatch = {
        request: call.request,
        send: (event) => void call.write(create(WatchResponseSchema, { event })),
        end: (code) => void call.emit("error", { code, details: "ended by the test" }),
        left: false,
      };
      call.on("cancelled", () => {
        watch.left = true;
      });
      plane.watches.push(watch);
    },
  };
  server.addService({ call: definition(AgentService.method.watch) }, implementation);
}

function statusOf(error: unknown): { code: status; details: string } {
  return error instanceof Refusal
    ? { code: error.code, details: error.message }
    : { code: status.INTERNAL, details: String(error) };
}

function definition(method: DescMethod): ServiceDefinition[string] {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}
