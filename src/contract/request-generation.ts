import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * The same request under another generation, with fields that this program does not know.
 * @throws {Error} where the bytes are no request
 */
export function requestOfGeneration(raw: Uint8Array, generation: bigint): Uint8Array {
  const request = fromBinary(OSInstallationRequestSchema, raw);
  request.generation = generation;
  return toBinary(OSInstallationRequestSchema, request);
}
