import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";

/**
 * The same request with another generation, including fields that this program does not know.
 * @throws {Error} if the bytes are not a request
 */
export function requestOfGeneration(raw: Uint8Array, generation: bigint): Uint8Array {
  const request = fromBinary(OSInstallationRequestSchema, raw);
  request.generation = generation;
  return toBinary(OSInstallationRequestSchema, request);
}
