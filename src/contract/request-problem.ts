import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * Why a stored request can't be handed out; undefined if it can. Only a copy is decoded; the stored bytes are sent
 * unchanged.
 */
export function requestProblem(raw: Uint8Array, generation: bigint): string | undefined {
  try {
    const request = fromBinary(OSInstallationRequestSchema, raw);
    return request.generation === generation
      ? undefined
      : `it has generation ${request.generation}, but its row has ${generation}`;
  } catch (error) {
    return `it can't be decoded (${error instanceof Error ? error.message : String(error)})`;
  }
}
