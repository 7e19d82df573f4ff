import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AgentCallback,
  AgentHeartbeatRequestSchema,
  AgentHeartbeatResponseSchema,
  type AgentHeartbeatResponse,
} from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import {
  AgentService,
  ReportProgressRequestSchema,
  ReportProgressResponseSchema,
  WatchRequestSchema,
  WatchResponseSchema,
  type WatchResponse,
} from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { GrpcConnection, GrpcStatus } from "./grpc-connection.ts";

const heartbeatPath = `/${AgentCallback.typeName}/${AgentCallback.method.heartbeat.name}`;
const progressPath = `/${AgentService.typeName}/${AgentService.method.reportProgress.name}`;
const watchPath = `/${AgentService.typeName}/${AgentService.method.watch.name}`;

/** How a call ended, with the answer if it was OK. */
export type CallAnswer<Answer> = { ok: true; answer: Answer } | ({ ok: false } & GrpcStatus);

/** The contract's calls of one run of a machine's agent. None rejects. */
export interface SimulatedCalls {
  heartbeat(
    request: Omit<MessageInitShape<typeof AgentHeartbeatRequestSchema>, "$typeName">,
  ): Promise<CallAnswer<AgentHeartbeatResponse>>;
  /** Resolves to the generation that is called off, or 0. */
  progress(
    request: Omit<MessageInitShape<typeof ReportProgressRequestSchema>, "$typeName">,
  ): Promise<CallAnswer<bigint>>;
  /** Opens a stream; the returned function ends it. */
  watch(
    lastSeenGeneration: bigint,
    handlers: { message: (message: WatchResponse) => void; ended: (status: GrpcStatus) => void },
  ): () => void;
}

/** Makes the calls over a connection. */
export function simulatedCalls(
  connection: GrpcConnection,
  machineId: string,
  runId: Uint8Array<ArrayBuffer>,
): SimulatedCalls {
  const who = { machineId, runId };
  return {
    heartbeat: async (request) => {
      const message = create(AgentHeartbeatRequestSchema, { ...request, ...who });
      const status = await connection.unary(heartbeatPath, toBinary(AgentHeartbeatRequestSchema, message));
      return status.answer === undefined
        ? { ok: false, ...status }
        : { ok: true, answer: fromBinary(AgentHeartbeatResponseSchema, status.answer) };
    },
    progress: async (request) => {
      const message = create(ReportProgressRequestSchema, { ...request, ...who });
      const status = await connection.unary(progressPath, toBinary(ReportProgressRequestSchema, message));
      return status.answer === undefined
        ? { ok: false, ...status }
        : { ok: true, answer: fromBinary(ReportProgressResponseSchema, status.answer).cancelledGeneration };
    },
    watch: (lastSeenGeneration, handlers) =>
      connection.serverStream(
        watchPath,
        toBinary(WatchRequestSchema, create(WatchRequestSchema, { ...who, lastSeenGeneration })),
        {
          message: (bytes) => handlers.message(fromBinary(WatchResponseSchema, bytes)),
          ended: handlers.ended,
        },
      ),
  };
}
