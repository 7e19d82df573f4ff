import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  type AgentHeartbeatResponse,
  AgentHeartbeatRequestSchema,
  AgentHeartbeatResponseSchema,
} from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import {
  type EnrollResponse,
  EnrollRequestSchema,
  EnrollResponseSchema,
  ReportProgressRequestSchema,
  ReportProgressResponseSchema,
  WatchRequestSchema,
  WatchResponseSchema,
  type WatchResponse,
} from "../../gen/farrier/agent/v1/agent_service_pb.ts";
import { type Ed25519KeyPair, ed25519PrivateKeyPem } from "../../src/lib/tls/ed25519.ts";
import { selfSignedCertificate } from "../../src/lib/tls/self-signed.ts";

export const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
export const watchPath = "/farrier.agent.v1.AgentService/Watch";
export const enrollPath = "/farrier.agent.v1.AgentService/Enroll";
export const progressPath = "/farrier.agent.v1.AgentService/ReportProgress";

/** PEM of a key and its certificate. */
export interface Identity {
  key: string;
  certificate: string;
}

/** What an agent shows: a self-signed certificate of its Ed25519 key. */
export function identityOf(agent: Ed25519KeyPair): Identity {
  return { key: ed25519PrivateKeyPem(agent.privateKey), certificate: selfSignedCertificate(agent.privateKey, "agent") };
}

/** An answer as it was on the wire. */
export interface RawAnswer {
  code: status;
  details: string;
  /** Headers and trailers, without the date. */
  metadata: Record<string, unknown>;
  bytes: Buffer;
}

/** An agent's end of a connection. */
export interface AgentClient extends Disposable {
  /** @throws {ServiceError} */
  heartbeat(request?: MessageInitShape<typeof AgentHeartbeatRequestSchema>): Promise<AgentHeartbeatResponse>;
  /** The generation that is called off, or 0. @throws {ServiceError} */
  progress(request: MessageInitShape<typeof ReportProgressRequestSchema>): Promise<bigint>;
  /** @throws {ServiceError} */
  enroll(request: MessageInitShape<typeof EnrollRequestSchema>): Promise<EnrollResponse>;
  /** Opens a Watch stream. */
  watch(request?: MessageInitShape<typeof WatchRequestSchema>): TestWatch;
  /** Never rejects. */
  raw(path: string, bytes: Uint8Array): Promise<RawAnswer>;
}

/** A Watch stream and what has come of it. */
export interface TestWatch extends Disposable {
  events: WatchResponse["event"][];
  /** How it ended, once it has. */
  ended?: { code: status; details: string };
}

/** Connects when the first call is made. Without an identity it shows no certificate. */
export function agentClient(port: number, identity: Identity | undefined, machineId = ""): AgentClient {
  const client = new Client(
    `127.0.0.1:${port}`,
    credentials.createSsl(
      null,
      identity === undefined ? null : Buffer.from(identity.key),
      identity === undefined ? null : Buffer.from(identity.certificate),
      { rejectUnauthorized: false, checkServerIdentity: () => undefined },
    ),
    { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost", "grpc.enable_retries": 0 },
  );
  const bytes = (value: Buffer): Buffer => value;
  const raw = (path: string, message: Uint8Array): Promise<RawAnswer> =>
    new Promise((resolve) => {
      let headers = {};
      let answer: Buffer = Buffer.alloc(0);
      const call = client.makeUnaryRequest(path, bytes, bytes, Buffer.from(message), (_error, value) => {
        answer = value ?? answer;
      });
      call.on("metadata", (metadata: Metadata) => {
        headers = metadata.toJSON();
      });
      call.on("status", ({ code, details, metadata }) => {
        const { date: _date, ...rest } = { ...headers, ...metadata.toJSON() } as Record<string, unknown>;
        // The answer's callback comes before the status event.
        setImmediate(() => resolve({ code, details, metadata: rest, bytes: answer }));
      });
    });
  const unary = async (path: string, message: Uint8Array): Promise<Buffer> => {
    const answer = await raw(path, message);
    if (answer.code !== status.OK) {
      throw Object.assign(new Error(`${status[answer.code]}: ${answer.details}`), answer) as unknown as ServiceError;
    }
    return answer.bytes;
  };
  return {
    raw,
    heartbeat: async (request = {}) => {
      const message = create(AgentHeartbeatRequestSchema, { machineId, ...request });
      return fromBinary(
        AgentHeartbeatResponseSchema,
        await unary(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, message)),
      );
    },
    progress: async (request) => {
      const message = create(ReportProgressRequestSchema, { machineId, ...request });
      const answer = await unary(progressPath, toBinary(ReportProgressRequestSchema, message));
      return fromBinary(ReportProgressResponseSchema, answer).cancelledGeneration;
    },
    enroll: async (request) => {
      const answer = await unary(enrollPath, toBinary(EnrollRequestSchema, create(EnrollRequestSchema, request)));
      return fromBinary(EnrollResponseSchema, answer);
    },
    watch: (request = {}) => {
      const message = create(WatchRequestSchema, { machineId, ...request });
      const call = client.makeServerStreamRequest(
        watchPath,
        bytes,
        bytes,
        Buffer.from(toBinary(WatchRequestSchema, message)),
      );
      const watch: TestWatch = { events: [], [Symbol.dispose]: () => call.cancel() };
      call.on("data", (value: Buffer) => watch.events.push(fromBinary(WatchResponseSchema, value).event));
      call.on("error", () => undefined); // "status" says it too.
      call.on("status", ({ code, details }) => {
        watch.ended = { code, details };
      });
      return watch;
    },
    [Symbol.dispose]: () => client.close(),
  };
}
