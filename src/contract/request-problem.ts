import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/** Why a stored request can't be handed out; undefined where it can. A copy is decoded, the bytes go out as they are. */
export function requestProblem(raw: Uint8Array, generation: bigint): string | undefined {
  try {
    const request = fromBinary(OSInstallationRequestSchema, raw);
    return request.generation === generation
      ? undefined
      : `it says generation ${request.generation}, its row says ${generation}`;
  } catch (error) {
    return `it can't be decoded (${error instanceof Error ? error.message : String(error)})`;
  }
}
